import { ApiProperty, ApiPropertyOptional, OmitType } from '@nestjs/swagger';
import {
  ArrayMaxSize,
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
import { PageQueryDto } from '../../../shared/http/page-query.dto.js';
import { Distinct, IsScopeName, Omittable, Trim } from '../../../shared/http/validation.js';
import { MAX_ADDRESS_RANGES } from '../domain/address-list.js';
import { MAX_OVERLAP_SECONDS } from '../domain/api-key-secret.js';
import { KEY_STATUSES, type KeyStatus } from '../../../shared/key-status.js';
import { KEY_ENVIRONMENTS, type KeyEnvironment } from '../domain/key-format.js';
import {
  ChangeCreditsDto,
  type CreditChanges,
  type Credits,
  CreditsDto,
  IsCreditChanges,
  IsCredits,
  IsRateLimits,
  RATE_LIMITS,
  type RateLimit,
  ReadCreditChanges,
  ReadCredits,
  ReadRateLimits,
} from '../../metering/index.js';
import type { Metadata } from '../domain/metadata.js';
import { MAX_SCOPES } from '../../../shared/key-scopes.js';
import { IsTime, ReadTime } from '../../../shared/http/time.js';
import { AsGiven, IsMetadata, IsRange, ReadRanges } from './field-validators.js';
import {
  NAME,
  SCOPES,
  METADATA,
  EXPIRES_AT,
  TAGS,
  EXTERNAL_ID,
  IP_ALLOWLIST,
  CREDITS,
} from './api-key.fields.js';
import { ExternalIdFilter, TagFilter } from './api-key-filter.fields.js';

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

  @ExternalIdFilter()
  externalId?: string;

  @TagFilter()
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
  @Distinct()
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
  @Distinct()
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

  @ApiPropertyOptional({ ...CREDITS, type: CreditsDto, nullable: true })
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

  @ApiPropertyOptional({ ...CREDITS, type: ChangeCreditsDto, nullable: true })
  @IsOptional()
  @ReadCreditChanges()
  @IsCreditChanges()
  credits?: CreditChanges | null;
}
