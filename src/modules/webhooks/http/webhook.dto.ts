import { ApiProperty, ApiPropertyOptional, PartialType } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  Length,
  Max,
  MaxLength,
  Min,
} from 'class-validator';
import { NEXT_CURSOR, PageQueryDto } from '../../../shared/http/page-query.dto.js';
import { Distinct, Omittable, Trim } from '../../../shared/http/validation.js';
import { LOCAL_ISSUER } from '../../../shared/subject.js';
import type { ListedDelivery } from '../application/webhook.service.js';
import {
  DELIVERY_FAILURES,
  DELIVERY_STATES,
  type Delivery,
  type DeliveryFailure,
  type DeliveryState,
} from '../domain/delivery.js';
import {
  DEFAULT_CREDITS_BELOW,
  DEFAULT_OVERLAP_SECONDS,
  MAX_OVERLAP_SECONDS,
  type DisabledBecause,
  type Webhook,
} from '../domain/webhook.js';
import { WEBHOOK_EVENTS } from '../domain/webhook-event.js';
import { MAX_URL } from '../domain/webhook-url.js';
import type { Dropped } from '../domain/webhook.repository.js';

const ID = { format: 'uuid', example: '019b76da-a800-7000-8000-000000000005' } as const;
const TIME = { format: 'date-time', example: '2026-05-27T10:00:00.000Z' } as const;
const NULLABLE_TIME = { ...TIME, type: String, nullable: true } as const;

const URL_FIELD = {
  minLength: 1,
  maxLength: MAX_URL,
  example: 'https://hooks.example.com/upblit',
  description:
    'Where events are posted to: over HTTPS, without a user, a password or a fragment. It must lead to a public address.',
};
const DESCRIPTION = {
  type: String,
  nullable: true,
  maxLength: 1000,
  example: 'Tells the billing service.',
} as const;
const EVENTS = {
  enum: [...WEBHOOK_EVENTS],
  isArray: true,
  minItems: 1,
  maxItems: WEBHOOK_EVENTS.length,
  uniqueItems: true,
  example: ['key.*', 'member.removed'],
  description: 'What is sent; `*` for everything.',
};
const CREDITS_BELOW = {
  type: 'integer',
  minimum: 1,
  maximum: 1_000_000_000,
  example: 100,
  description: '`key.credits_low` is sent once a key has fewer credits than that.',
} as const;

export class CreateWebhookDto {
  @ApiProperty(URL_FIELD)
  @IsString()
  @Length(1, MAX_URL)
  url!: string;

  @ApiPropertyOptional(DESCRIPTION)
  @IsOptional()
  @Trim()
  @IsString()
  @MaxLength(1000)
  description?: string | null;

  @ApiPropertyOptional({ ...EVENTS, default: ['*'] })
  @Omittable()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(WEBHOOK_EVENTS.length)
  @Distinct()
  @IsIn(WEBHOOK_EVENTS, { each: true })
  events?: string[];

  @ApiPropertyOptional({ ...CREDITS_BELOW, default: DEFAULT_CREDITS_BELOW })
  @Omittable()
  @IsInt()
  @Min(1)
  @Max(1_000_000_000)
  creditsBelow?: number;
}

/** Left out means unchanged; only the description may be null. */
export class ChangeWebhookDto extends PartialType(CreateWebhookDto, { skipNullProperties: false }) {
  @ApiPropertyOptional({
    description: '`false` sends nothing, and drops what waits; `true` sends what comes from then on.',
  })
  @Omittable()
  @IsBoolean()
  enabled?: boolean;
}

export class RotateWebhookSecretDto {
  @ApiPropertyOptional({
    type: 'integer',
    minimum: 0,
    maximum: MAX_OVERLAP_SECONDS,
    default: DEFAULT_OVERLAP_SECONDS,
    example: 3600,
    description: 'For how long deliveries are signed with the former secret, too.',
  })
  @Omittable()
  @IsInt()
  @Min(0)
  @Max(MAX_OVERLAP_SECONDS)
  overlapSeconds?: number;
}

export class WebhookDto {
  @ApiProperty(ID)
  id!: string;

  @ApiProperty({ format: 'uuid', example: '019b76da-a800-7000-8000-000000000001' })
  applicationId!: string;

  @ApiProperty(URL_FIELD)
  url!: string;

  @ApiProperty(DESCRIPTION)
  description!: string | null;

  @ApiProperty(EVENTS)
  events!: readonly string[];

  @ApiProperty(CREDITS_BELOW)
  creditsBelow!: number;

  @ApiProperty({ example: true })
  enabled!: boolean;

  @ApiProperty({
    type: String,
    enum: ['gone'],
    nullable: true,
    example: null,
    description: 'Why the service has disabled it: `gone` when its receiver answered 410.',
  })
  disabledBecause!: DisabledBecause | null;

  @ApiProperty({
    ...NULLABLE_TIME,
    description: 'Until then deliveries are signed with the former secret, too; null when there is none.',
  })
  previousSecretUntil!: string | null;

  @ApiProperty(TIME)
  createdAt!: string;

  @ApiProperty({
    type: String,
    nullable: true,
    example: '019b76da-a800-7000-8000-000000000009',
    description: 'The `sub` of the token that made it; null where that was not recorded yet.',
  })
  createdBy!: string | null;

  @ApiPropertyOptional({
    example: 'https://id.example.com',
    description: 'The issuer of that token, when it is another one than this service.',
  })
  createdByIssuer?: string;

  @ApiProperty(TIME)
  updatedAt!: string;
}

export class WebhookDetailsDto extends WebhookDto {
  @ApiProperty({
    type: 'integer',
    minimum: 0,
    example: 0,
    description: 'Events that were not kept for it, because 10,000 were waiting already.',
  })
  droppedEvents!: number;

  @ApiProperty({ ...NULLABLE_TIME, example: null, description: 'When that happened last.' })
  droppedAt!: string | null;
}

export class WebhookPageDto {
  @ApiProperty({ type: [WebhookDetailsDto] })
  data!: WebhookDetailsDto[];

  @ApiProperty(NEXT_CURSOR)
  nextCursor!: string | null;
}

const SECRET = {
  pattern: '^whsec_[A-Za-z0-9+/]{43}=$',
  example: 'whsec_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx=',
  description: 'What deliveries are signed with. It is shown this once, and can never be read again.',
};

export class CreatedWebhookDto extends WebhookDto {
  @ApiProperty(SECRET)
  secret!: string;
}

export class WebhookSecretDto {
  @ApiProperty(SECRET)
  secret!: string;

  @ApiProperty({
    ...NULLABLE_TIME,
    description: 'Until then deliveries are signed with the former secret, too.',
  })
  previousSecretUntil!: string | null;
}

export class ListDeliveriesQueryDto extends PageQueryDto {
  @ApiPropertyOptional({ enum: DELIVERY_STATES, description: 'Only those of this state.' })
  @Omittable()
  @IsIn(DELIVERY_STATES)
  state?: DeliveryState;
}

export class DeliveryDto {
  @ApiProperty({
    format: 'uuid',
    example: '019b76da-a800-7000-8000-000000000006',
    description: 'The `webhook-id` that the receiver sees, the same with each attempt.',
  })
  id!: string;

  @ApiProperty({ example: 'key.revoked' })
  type!: string;

  @ApiProperty({
    enum: DELIVERY_STATES,
    description:
      '`dead` when it was given up: after eleven attempts in a day, or at once when the receiver is gone.',
  })
  state!: DeliveryState;

  @ApiProperty({ type: 'integer', minimum: 0, example: 1 })
  attempts!: number;

  @ApiProperty(TIME)
  createdAt!: string;

  @ApiProperty({ ...NULLABLE_TIME, description: 'When it was tried last.' })
  attemptedAt!: string | null;

  @ApiProperty({ ...NULLABLE_TIME, description: 'When it is tried next; null when it is not.' })
  nextAttemptAt!: string | null;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    example: 204,
    description: 'The status of the last answer; null when there was none.',
  })
  status!: number | null;

  @ApiProperty({
    type: String,
    enum: DELIVERY_FAILURES,
    nullable: true,
    example: null,
    description: 'Why the last attempt has failed; null when it has not.',
  })
  failure!: DeliveryFailure | null;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    example: 84,
    description: 'Milliseconds that the last attempt took.',
  })
  durationMs!: number | null;
}

export class DeliveryPageDto {
  @ApiProperty({ type: [DeliveryDto] })
  data!: DeliveryDto[];

  @ApiProperty(NEXT_CURSOR)
  nextCursor!: string | null;
}

/** Its fields, to be joined with others. */
type WebhookFields = Pick<WebhookDto, keyof WebhookDto>;

/** The only place that says what of a webhook leaves the service. */
export function toWebhookResponse(webhook: Webhook): WebhookFields {
  return {
    id: webhook.id,
    applicationId: webhook.applicationId,
    url: webhook.url,
    description: webhook.description,
    events: webhook.events,
    creditsBelow: webhook.creditsBelow,
    enabled: webhook.enabled,
    disabledBecause: webhook.disabledBecause,
    previousSecretUntil: webhook.previousUntil?.toISOString() ?? null,
    createdAt: webhook.createdAt.toISOString(),
    createdBy: webhook.createdBy?.subject ?? null,
    ...(webhook.createdBy !== null &&
      webhook.createdBy.issuer !== LOCAL_ISSUER && { createdByIssuer: webhook.createdBy.issuer }),
    updatedAt: webhook.updatedAt.toISOString(),
  };
}

export function toWebhookDetailsResponse({
  webhook,
  dropped,
}: {
  webhook: Webhook;
  dropped: Dropped;
}): WebhookDetailsDto {
  return {
    ...toWebhookResponse(webhook),
    droppedEvents: dropped.events,
    droppedAt: dropped.at?.toISOString() ?? null,
  };
}

export function toDeliveryResponse(delivery: Delivery | ListedDelivery): DeliveryDto {
  return {
    id: delivery.messageId,
    type: delivery.type,
    state: delivery.state,
    attempts: delivery.attempts,
    createdAt: delivery.createdAt.toISOString(),
    attemptedAt: delivery.attemptedAt?.toISOString() ?? null,
    nextAttemptAt: delivery.nextAttemptAt?.toISOString() ?? null,
    status: delivery.status,
    failure: delivery.failure,
    durationMs: delivery.durationMs,
  };
}
