import { Module } from '@nestjs/common';
import { ENV, type Env } from '../../config/env.js';
import { ApplicationsModule } from '../applications/index.js';
import { AuthModule } from '../auth/index.js';
import { FreshnessModule } from '../freshness/index.js';
import { VerificationModule } from '../verification/index.js';
import { MailSubscriptions } from './application/mail-subscriptions.js';
import { NotificationsService } from './application/notifications.service.js';
import { DeliveryQueue, WebhookTransport } from './application/ports.js';
import { WebhookSender } from './application/webhook-sender.js';
import { WebhookRules, WebhookService } from './application/webhook.service.js';
import { WebhookRepository } from './domain/webhook.repository.js';
import { WebhookSecretSeal } from './domain/webhook-secret.js';
import { NotificationsController } from './http/notifications.controller.js';
import { WebhooksController } from './http/webhooks.controller.js';
import { HttpsTransport } from './infrastructure/https-transport.js';
import { ExpiringKeys } from './infrastructure/expiring-keys.js';
import { KeySignals } from './infrastructure/key-signals.js';
import { PostgresDeliveryQueue } from './infrastructure/postgres-delivery-queue.js';
import { PostgresMailSubscriptions } from './infrastructure/postgres-mail-subscriptions.js';
import { PostgresWebhookRepository } from './infrastructure/postgres-webhook.repository.js';
import { RenewedSecrets } from './infrastructure/renewed-secrets.js';
import { RotationsDue } from './infrastructure/rotations-due.js';
import { WebhookMetrics } from './infrastructure/webhook-metrics.js';
import { WebhookOutbox } from './infrastructure/webhook-outbox.js';
import { WebhookWorker } from './infrastructure/webhook-worker.js';
import { WebhooksPurge } from './infrastructure/webhooks.purge.js';

/** Tells receivers of what happens to an application and its keys. */
@Module({
  imports: [AuthModule, ApplicationsModule, FreshnessModule, VerificationModule],
  controllers: [WebhooksController, NotificationsController],
  providers: [
    WebhookService,
    NotificationsService,
    { provide: MailSubscriptions, useClass: PostgresMailSubscriptions },
    WebhookOutbox,
    WebhookSender,
    WebhookWorker,
    WebhookMetrics,
    WebhooksPurge,
    ExpiringKeys,
    RotationsDue,
    RenewedSecrets,
    KeySignals,
    { provide: DeliveryQueue, useClass: PostgresDeliveryQueue },
    {
      provide: WebhookTransport,
      inject: [ENV],
      useFactory: (env: Env) => new HttpsTransport({ allowsPrivate: env.WEBHOOK_ALLOW_PRIVATE }),
    },
    { provide: WebhookRepository, useClass: PostgresWebhookRepository },
    {
      provide: WebhookSecretSeal,
      inject: [ENV],
      useFactory: (env: Env) => new WebhookSecretSeal(env.API_KEY_PEPPERS ?? [], env.API_KEY_PEPPER_VERSION),
    },
    {
      provide: WebhookRules,
      inject: [ENV],
      useFactory: (env: Env): WebhookRules => ({ allowsPrivate: env.WEBHOOK_ALLOW_PRIVATE }),
    },
  ],
})
export class WebhooksModule {}
