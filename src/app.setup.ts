import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { OpenAPIObject } from '@nestjs/swagger';
import type { DestinationStream } from 'pino';
import { AppModule } from './app.module.js';
import { parseEnv, type Env } from './config/env.js';
import { allowOrigins } from './infrastructure/http/cors.js';
import { serveDashboard } from './infrastructure/http/dashboard.js';
import { dashboardDirectory, readDashboard } from './infrastructure/http/dashboard-files.js';
import { dashboardSettings } from './infrastructure/http/dashboard-settings.js';
import { DeclaredInputGuard } from './infrastructure/http/declared-input.guard.js';
import { serveDocs } from './infrastructure/http/docs.js';
import { Lifecycle } from './infrastructure/http/lifecycle.js';
import { buildDocument } from './infrastructure/http/openapi.js';
import { observeRequests } from './infrastructure/http/observe-requests.js';
import { ProblemFilter } from './infrastructure/http/problem.filter.js';
import { refuseOtherMethods } from './infrastructure/http/refuse-other-methods.js';
import { readBodies } from './infrastructure/http/request-body.js';
import { createServer, setUpServer } from './infrastructure/http/server.js';
import { clientAddress } from './infrastructure/http/client-address.js';
import { openFastPaths } from './infrastructure/http/fast-path.js';
import { InputValidationPipe } from './infrastructure/http/validation.pipe.js';
import { NestLogger } from './infrastructure/logging/nest-logger.js';
import { Metrics } from './infrastructure/metrics/metrics.js';
import { traceRequests } from './infrastructure/tracing/trace-requests.js';
import { Tracing } from './infrastructure/tracing/tracing.js';
import type { FastPath } from './shared/http/route-settings.js';

/** The HTTP server every process and every test runs; logs go to `log`, or else to stdout. */
export function createAdapter(env: Env, log?: DestinationStream): FastifyAdapter {
  return createServer(env, log);
}

/** The whole service, ready to listen. */
export async function createApp(env: Env): Promise<NestFastifyApplication> {
  const adapter = createAdapter(env);
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.forRoot(env), adapter, {
    logger: new NestLogger(adapter.getInstance().log),
    abortOnError: false,
  });
  return setUpApp(app, env);
}

/** The OpenAPI document, made without a database: in preview nothing is instantiated. */
export async function describeApi(): Promise<OpenAPIObject> {
  const env = parseEnv({ LOG_LEVEL: 'silent' });
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.forRoot(env), createAdapter(env), {
    preview: true,
    logger: false,
    abortOnError: false,
  });
  return buildDocument(app);
}

/**
 * Everything between the socket and the controllers; `main.ts` and the tests share it.
 *
 * @param dashboard The directory of the dashboard's files; it is not served when they have not been built.
 */
export async function setUpApp(
  app: NestFastifyApplication,
  env: Env,
  dashboard = dashboardDirectory(),
): Promise<NestFastifyApplication> {
  const fastify = app.getHttpAdapter().getInstance();
  app.useLogger(new NestLogger(fastify.log));
  app.useGlobalFilters(new ProblemFilter());
  app.useGlobalGuards(new DeclaredInputGuard());
  app.useGlobalPipes(new InputValidationPipe());

  setUpServer(fastify, env, app.get(Lifecycle));
  allowOrigins(app, env.CORS_ORIGINS);
  openFastPaths(fastify, {
    lifecycle: app.get(Lifecycle),
    responseTimeoutMs: env.RESPONSE_TIMEOUT_MS,
    addressOf: clientAddress(env.TRUST_PROXY),
    resolve: (fastPath) => app.get<FastPath>(fastPath, { strict: false }),
    observe: observeRequests(fastify, app.get(Metrics)),
  });
  traceRequests(fastify, app.get(Tracing));
  const refuseTheRest = refuseOtherMethods(fastify);
  if (env.DOCS === 'on') serveDocs(app);
  const files = env.DASHBOARD === 'on' ? readDashboard(dashboard) : undefined;
  if (files !== undefined) serveDashboard(fastify, files, dashboardSettings(env));
  await app.init();
  readBodies(fastify);
  refuseTheRest();
  await fastify.ready();
  return app;
}
