import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Env } from './config/env.js';
import { ProblemFilter } from './infrastructure/http/problem.filter.js';
import { InputValidationPipe } from './infrastructure/http/validation.pipe.js';

/** The HTTP server every process and every test runs: limits, time-outs, logging. */
export function createAdapter(_env: Env): FastifyAdapter {
  return new FastifyAdapter({
    bodyLimit: 64 * 1024,
    // What a schema does not know is refused, never dropped or bent into shape.
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false, useDefaults: false } },
  });
}

/** Everything between the socket and the controllers; `main.ts` and the tests share it. */
export async function setUpApp(app: NestFastifyApplication, _env: Env): Promise<NestFastifyApplication> {
  app.enableShutdownHooks();
  app.useGlobalFilters(new ProblemFilter());
  app.useGlobalPipes(new InputValidationPipe());
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
  return app;
}
