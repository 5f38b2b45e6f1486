import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ApplicationDependants } from './application/application-dependants.js';
import { ApplicationService } from './application/application.service.js';
import { ApplicationRepository } from './domain/application.repository.js';
import { ApplicationOwnershipGuard } from './http/application-ownership.guard.js';
import { ApplicationsController } from './http/applications.controller.js';
import { applicationSchema } from './infrastructure/application.schema.js';
import { TypeOrmApplicationRepository } from './infrastructure/typeorm-application.repository.js';

@Module({
  imports: [TypeOrmModule.forFeature([applicationSchema])],
  controllers: [ApplicationsController],
  providers: [
    ApplicationService,
    ApplicationDependants,
    ApplicationOwnershipGuard,
    { provide: ApplicationRepository, useClass: TypeOrmApplicationRepository },
  ],
  exports: [ApplicationService, ApplicationDependants, ApplicationOwnershipGuard],
})
export class ApplicationsModule {}
