import { ApiProperty, ApiPropertyOptional, OmitType, type ApiPropertyOptions } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  IsUUID,
  Length,
  Max,
  Min,
} from 'class-validator';
import { NEXT_CURSOR, PageQueryDto } from '../../../shared/http/page-query.dto.js';
import { IsScopeName, Omittable, Trim } from '../../../shared/http/validation.js';
import { MAX_ADDRESS_RANGES } from '../domain/address-list.js';
import { MAX_OVERLAP_SECONDS } from '../domain/api-key-secret.js';
import { KEY_STATUSES, type KeyStatus } from '../domain/api-key.js';
import { KEY_ENVIRONMENTS, type KeyEnvironment } from '../domain/key-format.js';
import type { CreditChanges, Credits } from '../domain/credits.js';
import type { Metadata } from '../domain/metadata.js';
import type { RateLimit } from '../domain/rate-limit.js';
import { MAX_SCOPES } from '../../../shared/key-scopes.js';
import {
  IsCreditChanges,
  IsCredits,
  IsRateLimits,
  ReadCreditChanges,
  ReadCredits,
  ReadRateLimits,
} from './limit-validators.js';
import { ChangeCreditsDto, CreditsDto, RATE_LIMITS, RateLimitDto } from './limits.dto.js';
import { AsGiven, IsMetadata, IsRange, IsTime, ReadRanges, ReadTime } from './field-validators.js';

const NAME = { minLength: 1, maxLength: 100, example: 'production collector' };
const SCOPES: ApiPropertyOptions = {
  type: [String],
  maxItems: MAX_SCOPES,
  example: ['telemetry:write'],
  description: 'What the key may do, in your own words; `telemetry:*` covers `telemetry:write`.',
};
const METADATA = {
  type: 'object',
  additionalProperties: true,
  example: { team: 'checkout' },
  description: 'A JSON object of yours, up to 16 KiB and 8 levels, handed back with every verification.',
} as const;
const EXPIRES_AT = {
  type: String,
  format: 'date-time',
  nullable: true,
  example: '2027-05-27T10:00:00.000Z',
  description: 'When the key stops working, at most ten years ahead; null for never.',
} as const;

const TAGS: ApiPropertyOptions = {
  type: [String],
  maxItems: 50,
  example: ['eu', 'batch'],
  description: 'Words of yours to find keys by.',
};
const EXTERNAL_ID = {
  type: String,
  nullable: true,
  minLength: 1,
  maxLength: 255,
  example: 'customer-42',
  description: 'The customer of yours that the key is made for.',
} as const;
const IP_ALLOWLIST: ApiPropertyOptions = {
  type: [String],
  maxItems: MAX_ADDRESS_RANGES,
  example: ['192.0.2.0/24', '2001:db8::/32'],
  description:
    'Addresses the key may be used from, as CIDR ranges without host bits; none for everywhere. A verification ' +
    'that does not know the client’s address is refused then.',
};

const CREDITS = {
  nullable: true,
  description: 'What its verifications spend from, 1 each unless they say otherwise; null for no end.',
} as const;

const PERSON = '019b76da-a800-7000-8000-000000000009';
const OTHER_ISSUER = {
  description: 'The issuer of that token, when it is another one than this service.',
  example: 'https://login.example.com/',
};

export class ApplicationIdQueryDto {
  @ApiProperty({
    format: 'uuid',
    description: 'The application. Spelt exactly so.',
    example: '019b76da-a800-7000-8000-000000000001',
  })
  @IsUUID('all')
  ApplicationId!: string;
}

export class ListApiKeysQueryDto extends PageQueryDto {
  @ApiProperty({
    format: 'uuid',
    description: 'The application. Spelt exactly so.',
    example: '019b76da-a800-7000-8000-000000000001',
  })
  @IsUUID('all')
  ApplicationId!: string;

  @ApiPropertyOptional({ enum: KEY_STATUSES, description: 'Only keys in this state.' })
  @Omittable()
  @IsIn(KEY_STATUSES)
  status?: KeyStatus;

  @ApiPropertyOptional({
    ...EXTERNAL_ID,
    nullable: false,
    description: 'Only keys of this customer of yours.',
  })
  @Omittable()
  @IsString()
  @Length(1, 255)
  externalId?: string;

  @ApiPropertyOptional({ example: 'eu', description: 'Only keys with this tag.' })
  @Omittable()
  @IsString()
  @Length(1, 50)
  tag?: string;
}

export class IssueApiKeyDto {
  @ApiPropertyOptional({ ...NAME, description: 'Named by its date when left out.' })
  @Omittable()
  @Trim()
  @IsString()
  @Length(1, 100)
  name?: string;

  @ApiPropertyOptional({ enum: KEY_ENVIRONMENTS, default: 'live' })
  @Omittable()
  @IsIn(KEY_ENVIRONMENTS)
  environment?: KeyEnvironment;

  @ApiPropertyOptional(SCOPES)
  @Omittable()
  @IsArray()
  @ArrayMaxSize(MAX_SCOPES)
  @ArrayUnique()
  @IsScopeName({ each: true })
  scopes?: string[];

  @ApiPropertyOptional(EXPIRES_AT)
  @IsOptional()
  @ReadTime()
  @IsTime()
  expiresAt?: Date | null;

  @ApiPropertyOptional(METADATA)
  @Omittable()
  @AsGiven()
  @IsMetadata()
  metadata?: Metadata;

  @ApiPropertyOptional(EXTERNAL_ID)
  @IsOptional()
  @IsString()
  @Length(1, 255)
  externalId?: string | null;

  @ApiPropertyOptional(TAGS)
  @Omittable()
  @IsArray()
  @ArrayMaxSize(50)
  @ArrayUnique()
  @IsString({ each: true })
  @Length(1, 50, { each: true })
  tags?: string[];

  @ApiPropertyOptional(IP_ALLOWLIST)
  @Omittable()
  @ReadRanges()
  @IsArray()
  @ArrayMaxSize(MAX_ADDRESS_RANGES)
  @IsRange({ each: true })
  ipAllowlist?: string[];

  @ApiPropertyOptional(RATE_LIMITS)
  @Omittable()
  @ReadRateLimits()
  @IsRateLimits()
  rateLimits?: RateLimit[];

  @ApiPropertyOptional({ ...CREDITS, type: CreditsDto })
  @IsOptional()
  @ReadCredits()
  @IsCredits()
  credits?: Credits | null;
}

export class RotateApiKeyDto {
  @ApiPropertyOptional({
    minimum: 0,
    maximum: MAX_OVERLAP_SECONDS,
    default: 0,
    example: 86_400,
    description: 'Seconds that the older secrets go on working.',
  })
  @Omittable()
  @IsInt()
  @Min(0)
  @Max(MAX_OVERLAP_SECONDS)
  overlapSeconds?: number;

  @ApiPropertyOptional({
    default: false,
    description: 'Starts the overlap when the new secret is first verified, rather than now.',
  })
  @Omittable()
  @IsBoolean()
  activateOnFirstUse?: boolean;
}

/** What may be changed later: everything but the environment, which the key itself carries. */
export class ChangeApiKeyDto extends OmitType(IssueApiKeyDto, ['environment', 'credits'] as const) {
  @ApiPropertyOptional({ description: '`false` disables the key, `true` enables it again.' })
  @Omittable()
  @IsBoolean()
  enabled?: boolean;

  @ApiPropertyOptional({ ...CREDITS, type: ChangeCreditsDto })
  @IsOptional()
  @ReadCreditChanges()
  @IsCreditChanges()
  credits?: CreditChanges | null;
}

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
    example: null,
    description: 'When it last passed a verification, to within about a second.',
  })
  lastUsedAt!: string | null;

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

  @ApiProperty({ ...CREDITS, type: CreditsDto })
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
      'Seconds that the older secrets go on working once this one is first verified; null when that is settled.',
  })
  overlapSeconds!: number | null;
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
