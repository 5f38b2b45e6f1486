import { Module } from '@nestjs/common';
import { Lifecycle } from './lifecycle.js';
import { Readiness } from './readiness.js';
import { ServiceController } from './service.controller.js';

/** Health and metrics. */
@Module({ controllers: [ServiceController], providers: [Lifecycle, Readiness], exports: [Lifecycle] })
export class ServiceModule {}
