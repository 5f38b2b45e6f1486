import { Global, Module } from '@nestjs/common';
import { Metrics } from './metrics.js';

/** Every module may count. */
@Global()
@Module({ providers: [Metrics], exports: [Metrics] })
export class MetricsModule {}
