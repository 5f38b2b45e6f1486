import { Module } from '@nestjs/common';
import { ENV, type Env } from '../../config/env.js';
import { ApplicationsModule } from '../applications/index.js';
import { AuthModule, PublishedKeys } from '../auth/index.js';
import { FreshnessModule } from '../freshness/index.js';
import { AuditLag } from './application/audit-lag.js';
import { AuditRetention } from './application/audit-retention.js';
import { AuditService } from './application/audit.service.js';
import { AuditSigner, Checkpoints } from './application/checkpoints.js';
import { AuditRepository } from './domain/audit.repository.js';
import { CheckpointKeys, CheckpointSigner } from './domain/checkpoint.js';
import { AuditController } from './http/audit.controller.js';
import { AuditMetrics } from './infrastructure/audit-metrics.js';
import { AuditTrail } from './infrastructure/audit-trail.js';
import { PostgresAuditRepository } from './infrastructure/postgres-audit-repository.js';

/** Who has changed what, kept so that nobody can change it without being noticed. */
@Module({
  imports: [AuthModule, ApplicationsModule, FreshnessModule],
  controllers: [AuditController],
  providers: [
    AuditService,
    AuditLag,
    AuditMetrics,
    AuditRetention,
    AuditTrail,
    Checkpoints,
    { provide: AuditRepository, useClass: PostgresAuditRepository },
    {
      provide: AuditSigner,
      inject: [ENV],
      useFactory: ({ AUDIT_SIGNING_KEY: key }: Env): AuditSigner => ({
        signer: key === undefined ? null : new CheckpointSigner(key),
      }),
    },
    {
      provide: CheckpointKeys,
      inject: [ENV, PublishedKeys],
      useFactory: (
        { AUDIT_SIGNING_KEY: key, AUDIT_PREVIOUS_KEYS: previous = [] }: Env,
        all: PublishedKeys,
      ) => {
        const keys = new CheckpointKeys(key === undefined ? previous : [key, ...previous]);
        all.publish(keys.published);
        return keys;
      },
    },
  ],
  exports: [AuditRepository, AuditRetention, AuditService, CheckpointKeys],
})
export class AuditModule {}
