import { Global, Module } from '@nestjs/common';
import { Impairments } from '../../shared/impairments.js';
import { Lifecycle } from './lifecycle.js';
import { Readiness } from './readiness.js';
import { ServiceController } from './service.controller.js';

/** Health and metrics. Every module may say what is impaired. */
@Global()
@Module({
  controllers: [ServiceController],
  providers: [Impairments, Lifecycle, Readiness],
  exports: [Impairments, Lifecycle],
})
export class ServiceModule {}
