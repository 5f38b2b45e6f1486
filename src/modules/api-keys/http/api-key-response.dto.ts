import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { NEXT_CURSOR } from '../../../shared/http/page-query.dto.js';
import { KEY_STATUSES, type KeyStatus } from '../../../shared/key-status.js';
import { KEY_ENVIRONMENTS, type KeyEnvironment } from '../domain/key-format.js';
import type { Metadata } from '../domain/metadata.js';
import { CreditsDto, RATE_LIMITS, RateLimitDto } from '../../metering/index.js';
import {
  SCOPES,
  METADATA,
  EXPIRES_AT,
  TAGS,
  EXTERNAL_ID,
  IP_ALLOWLIST,
  CREDITS,
  PERSON,
  OTHER_ISSUER,
} from './api-key.fields.js';

export class ApiKeyDto {
  @ApiProperty({ format: 'uuid', example: '019b76da-a800-7000-8000-000000000002' })
  id!: string;

  @ApiProperty({ format: 'uuid', example: '019b76da-a800-7000-8000-000000000001' })
  applicationId!: string;

  @ApiProperty({ example: 'production collector' })
  name!: string;

  @ApiProperty({ enum: KEY_ENVIRONMENTS })
  environment!: KeyEnvironment;

  @ApiProperty({ description: 'What to recognise the key by.', example: 'upblit_live_…a1B2' })
  hint!: string;

  @ApiProperty(SCOPES)
  scopes!: string[];

  @ApiProperty({ enum: KEY_STATUSES })
  status!: KeyStatus;

  @ApiProperty({ format: 'date-time', example: '2026-05-27T10:00:00.000Z' })
  createdAt!: string;

  @ApiProperty({ description: 'The `sub` of the token that issued it.', example: PERSON })
  createdBy!: string;

  @ApiPropertyOptional(OTHER_ISSUER)
  createdByIssuer?: string;

  @ApiProperty(EXPIRES_AT)
  expiresAt!: string | null;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    example: '2026-08-25T10:00:00.000Z',
    description:
      'When its secret is due to be replaced, as the policy of the application says (`rotateEvery`); past when it is ' +
      'due already. It goes on working all the same. Null for never.',
  })
  rotationDueAt!: string | null;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    example: null,
    description: 'When it last passed a verification, to within about a second.',
  })
  lastUsedAt!: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    example: null,
    description:
      'The client address of that verification, as the service that asked has told; null when it did not. Of a ' +
      'service key, the address that it was used from.',
  })
  lastUsedFrom!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: null })
  revokedAt!: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    example: null,
    description: 'The `sub` of the token that revoked it.',
  })
  revokedBy!: string | null;

  @ApiPropertyOptional(OTHER_ISSUER)
  revokedByIssuer?: string;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    example: null,
    description:
      'When one of its secrets was found where others can read it; null while none was. It ends with that secret: rotate the key without an overlap.',
  })
  leakedAt!: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    example: null,
    description: 'Where that was, as far as whoever found it has said: a URL without its query.',
  })
  leakedFrom!: string | null;

  @ApiProperty(METADATA)
  metadata!: Metadata;

  @ApiProperty(EXTERNAL_ID)
  externalId!: string | null;

  @ApiProperty(TAGS)
  tags!: string[];

  @ApiProperty(IP_ALLOWLIST)
  ipAllowlist!: string[];

  @ApiProperty(RATE_LIMITS)
  rateLimits!: RateLimitDto[];

  @ApiProperty({ ...CREDITS, type: CreditsDto, nullable: true })
  credits!: CreditsDto | null;
}

export class ApiKeySecretDto {
  @ApiProperty({ format: 'uuid', example: '019b76da-a800-7000-8000-000000000003' })
  id!: string;

  @ApiProperty({ example: 'upblit_live_…a1B2' })
  hint!: string;

  @ApiProperty({ format: 'date-time', example: '2026-05-27T10:00:00.000Z' })
  createdAt!: string;

  @ApiProperty({ ...EXPIRES_AT, description: 'When it stops working; null while nothing has replaced it.' })
  expiresAt!: string | null;

  @ApiProperty({
    type: Number,
    nullable: true,
    example: null,
    description:
      'Seconds that the older secrets go on working once this one is first verified; null when the overlap has begun, or there is none.',
  })
  overlapSeconds!: number | null;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    example: null,
    description:
      'Of a secret with an end: when it last passed a verification since it has one, to within about a second. Null when ' +
      'it did not, and for the newest secret, whose use is that of the key.',
  })
  lastUsedAt!: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    example: null,
    description: 'The client address of that verification; null when the service that asked did not tell.',
  })
  lastUsedFrom!: string | null;
}

export class ApiKeyDetailsDto extends ApiKeyDto {
  @ApiProperty({ type: [ApiKeySecretDto], description: 'The secrets that work, oldest first: five at most.' })
  secrets!: ApiKeySecretDto[];
}

export class ApiKeyPageDto {
  @ApiProperty({ type: [ApiKeyDto] })
  data!: ApiKeyDto[];

  @ApiProperty(NEXT_CURSOR)
  nextCursor!: string | null;
}
