import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AppModule } from '../app.module.js';
import type { Env } from '../config/env.js';
import { openDatabase } from '../infrastructure/database/open-database.js';
import { runningEmbeddedPostgres } from '../infrastructure/embedded-postgres/index.js';

/**
 * Runs a command of the operator with the parts of the service, on its database. The service need not be stopped for it,
 * and nothing is migrated under a service that runs.
 */
export async function withService(
  env: Env,
  say: (text: string) => void,
  work: (app: INestApplicationContext) => Promise<void>,
): Promise<void> {
  const database = await open(env, say);
  try {
    const module = AppModule.forRoot({ ...env, DATABASE_URL: database.url });
    const app = await NestFactory.createApplicationContext(module, { logger: false, abortOnError: false });
    try {
      await work(app);
    } finally {
      await app.close();
    }
  } finally {
    await database.close();
  }
}

async function open(env: Env, say: (text: string) => void): Promise<{ url: string; close(): Promise<void> }> {
  const running = env.DATABASE_URL === undefined ? await runningEmbeddedPostgres(env.DATA_DIR) : undefined;
  return running === undefined ? openDatabase(env, say) : { url: running, close: () => Promise.resolve() };
}
