import { ApiProperty } from '@nestjs/swagger';
import { KEY_STATUSES, type KeyStatus } from '../../../shared/key-status.js';
import { KEY_ENVIRONMENTS, type KeyEnvironment } from '../../api-keys/index.js';
import type { HeldKey } from '../application/key-holder.service.js';

class LimitReportDto {
  @ApiProperty({ example: 'burst' })
  name!: string;

  @ApiProperty({ type: 'integer', example: 100, description: 'Units in any window.' })
  limit!: number;

  @ApiProperty({ type: 'integer', example: 60 })
  windowSeconds!: number;

  @ApiProperty({ type: 'integer', example: 99 })
  remaining!: number;

  @ApiProperty({ type: 'integer', example: 12, description: 'Seconds until more of it is free.' })
  resetSeconds!: number;
}

class RemainingCreditsDto {
  @ApiProperty({ type: 'integer', example: 5000 })
  remaining!: number;
}

/** A key as its holder may see it. */
export class HeldKeyDto {
  @ApiProperty({ format: 'uuid', example: '019b76da-a800-7000-8000-000000000002' })
  keyId!: string;

  @ApiProperty({ format: 'uuid', example: '019b76da-a800-7000-8000-000000000001' })
  applicationId!: string;

  @ApiProperty({ example: 'production collector' })
  name!: string;

  @ApiProperty({ enum: KEY_ENVIRONMENTS })
  environment!: KeyEnvironment;

  @ApiProperty({ description: 'What to recognise the key by.', example: 'upblit_live_…a1B2' })
  hint!: string;

  @ApiProperty({ type: [String], example: ['telemetry:write'] })
  scopes!: string[];

  @ApiProperty({
    enum: KEY_STATUSES,
    description: '`revoked` and `expired` also of a secret that a newer one has replaced.',
  })
  status!: KeyStatus;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    example: null,
    description: 'When what was presented stops working: the key, or before it the secret.',
  })
  expiresAt!: string | null;

  @ApiProperty({
    type: [LimitReportDto],
    description: 'Its own limits, without those it shares with others.',
  })
  rateLimits!: LimitReportDto[];

  @ApiProperty({ type: RemainingCreditsDto, nullable: true, description: 'Null without credits of its own.' })
  credits!: RemainingCreditsDto | null;
}

export function toHeldKeyResponse(key: HeldKey): HeldKeyDto {
  const { keyId, applicationId, name, environment, hint, status, credits } = key;
  return {
    keyId,
    applicationId,
    name,
    environment,
    hint,
    scopes: [...key.scopes],
    status,
    expiresAt: key.expiresAt?.toISOString() ?? null,
    rateLimits: key.rateLimits.map((limit) => ({ ...limit })),
    credits,
  };
}
