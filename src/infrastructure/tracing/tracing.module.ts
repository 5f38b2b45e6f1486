import { Global, Module } from '@nestjs/common';
import { ENV, type Env } from '../../config/env.js';
import { Metrics } from '../metrics/metrics.js';
import { startTracing, Tracing } from './tracing.js';

/** Traces for every module. */
@Global()
@Module({
  providers: [
    {
      provide: Tracing,
      inject: [ENV, Metrics],
      useFactory: (env: Env, metrics: Metrics) => startTracing(env, metrics),
    },
  ],
  exports: [Tracing],
})
export class TracingModule {}
