import { setTimeout as sleep } from 'node:timers/promises';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Env } from '../config/env.js';
import { drain } from '../infrastructure/http/drain.js';
import { Lifecycle } from '../infrastructure/http/lifecycle.js';

/**
 * Ends the service without dropping a request: readiness turns 503, after SHUTDOWN_DELAY_MS no connection is
 * taken any more, and what is running has SHUTDOWN_TIMEOUT_MS to finish. The pool is closed last.
 */
export async function shutDown(app: NestFastifyApplication, env: Env): Promise<void> {
  const lifecycle = app.get(Lifecycle);
  lifecycle.isEnding = true;
  await sleep(env.SHUTDOWN_DELAY_MS);
  const { log, server } = app.getHttpAdapter().getInstance();
  if (server.listening && !(await drain(server, lifecycle, env.SHUTDOWN_TIMEOUT_MS))) {
    log.warn('requests that took too long were cut off');
  }
  await app.close();
}
