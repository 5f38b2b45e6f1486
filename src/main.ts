import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule } from './app.module.js';
import { createAdapter, setUpApp } from './app.setup.js';
import { loadEnv } from './config/env.js';

const env = loadEnv();
const app = await NestFactory.create<NestFastifyApplication>(AppModule.forRoot(env), createAdapter(env));
await setUpApp(app, env);
await app.listen(env.PORT, env.HOST);
