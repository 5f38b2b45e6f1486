import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ENV, type Env } from '../../config/env.js';
import { AuthModule } from '../auth/index.js';
import { FreshnessModule } from '../freshness/index.js';
import { ActingServiceKeys } from './application/acting-service-keys.js';
import { ApplicationDeletionHooks } from './application/application-deletion-hooks.js';
import { ApplicationService } from './application/application.service.js';
import { KeysOfMembers } from './application/keys-of-members.js';
import { LeaveOnAccountDeletion } from './application/leave-on-account-deletion.js';
import { MemberService } from './application/member.service.js';
import { OfferService } from './application/offer.service.js';
import { ApplicationQuotas } from './domain/application-quotas.js';
import { ApplicationRepository } from './domain/application.repository.js';
import { MemberRepository } from './domain/member.repository.js';
import { OfferRepository } from './domain/offer.repository.js';
import { ApplicationAccessGuard } from './http/application-access.guard.js';
import { ApplicationsController } from './http/applications.controller.js';
import { MembersController } from './http/members.controller.js';
import { OffersController } from './http/offers.controller.js';
import { RoutePermissionCheck } from './http/route-permission.check.js';
import { applicationSchema } from './infrastructure/application.schema.js';
import { ExpiredOffersPurge } from './infrastructure/expired-offers.purge.js';
import { memberSchema } from './infrastructure/member.schema.js';
import { offerSchema } from './infrastructure/offer.schema.js';
import { TypeOrmApplicationRepository } from './infrastructure/typeorm-application.repository.js';
import { TypeOrmMemberRepository } from './infrastructure/typeorm-member.repository.js';
import { TypeOrmOfferRepository } from './infrastructure/typeorm-offer.repository.js';

@Module({
  imports: [
    TypeOrmModule.forFeature([applicationSchema, memberSchema, offerSchema]),
    AuthModule,
    FreshnessModule,
  ],
  controllers: [ApplicationsController, MembersController, OffersController],
  providers: [
    ApplicationService,
    MemberService,
    OfferService,
    ExpiredOffersPurge,
    LeaveOnAccountDeletion,
    ApplicationDeletionHooks,
    ActingServiceKeys,
    KeysOfMembers,
    ApplicationAccessGuard,
    RoutePermissionCheck,
    {
      provide: ApplicationQuotas,
      inject: [ENV],
      useFactory: (env: Env): ApplicationQuotas => ({
        maxApplicationsPerOwner: env.MAX_APPLICATIONS_PER_OWNER,
        maxApplicationsCreatedPerDay: env.MAX_APPLICATIONS_CREATED_PER_DAY,
        maxMembersPerApplication: env.MAX_MEMBERS_PER_APPLICATION,
      }),
    },
    { provide: ApplicationRepository, useClass: TypeOrmApplicationRepository },
    { provide: MemberRepository, useClass: TypeOrmMemberRepository },
    { provide: OfferRepository, useClass: TypeOrmOfferRepository },
  ],
  exports: [
    ApplicationService,
    ApplicationDeletionHooks,
    ActingServiceKeys,
    KeysOfMembers,
    ApplicationAccessGuard,
  ],
})
export class ApplicationsModule {}
