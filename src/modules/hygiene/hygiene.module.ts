import { Module } from '@nestjs/common';
import { ApplicationsModule } from '../applications/index.js';
import { PolicyController } from './http/policy.controller.js';

/** What an application demands of its keys, and what is to be done about those that it has. */
@Module({
  imports: [ApplicationsModule],
  controllers: [PolicyController],
})
export class HygieneModule {}
