import { Global, Module } from '@nestjs/common';
import { BuildInfo } from './build-info.js';
import { Metrics } from './metrics.js';

/** Provides the metrics to every module. */
@Global()
@Module({ providers: [Metrics, BuildInfo], exports: [Metrics] })
export class MetricsModule {}
