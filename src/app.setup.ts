import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Env } from './config/env.js';

/** The HTTP server every process and every test runs: limits, time-outs, logging. */
export function createAdapter(_env: Env): FastifyAdapter {
  return new FastifyAdapter({ bodyLimit: 64 * 1024 });
}

/** Everything between the socket and the controllers; `main.ts` and the tests share it. */
export async function setUpApp(app: NestFastifyApplication, _env: Env): Promise<NestFastifyApplication> {
  app.enableShutdownHooks();
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
  return app;
}
