import { ApiProperty, ApiPropertyOptional, PickType, type ApiPropertyOptions } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsIn,
  IsOptional,
  IsString,
  IsUUID,
  Length,
} from 'class-validator';
import { PageQueryDto } from '../../../shared/http/page-query.dto.js';
import { Omittable, Trim } from '../../../shared/http/validation.js';
import { KEY_STATUSES, type KeyStatus } from '../domain/api-key.js';
import { KEY_ENVIRONMENTS, type KeyEnvironment } from '../domain/key-format.js';
import type { Metadata } from '../domain/metadata.js';
import { MAX_SCOPES } from '../domain/scopes.js';
import { AsGiven, IsMetadata, IsScopeName, IsTime, ReadTime } from './field-validators.js';

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
}

export class ChangeApiKeyDto extends PickType(IssueApiKeyDto, [
  'name',
  'scopes',
  'expiresAt',
  'metadata',
] as const) {
  @ApiPropertyOptional({ description: '`false` disables the key, `true` enables it again.' })
  @Omittable()
  @IsBoolean()
  enabled?: boolean;
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

  @ApiProperty({ description: 'The `sub` of the token that issued it.' })
  createdBy!: string;

  @ApiPropertyOptional({ description: 'The issuer of that token, when it is another one than this service.' })
  createdByIssuer?: string;

  @ApiProperty(EXPIRES_AT)
  expiresAt!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: null })
  revokedAt!: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    example: null,
    description: 'The `sub` of the token that revoked it.',
  })
  revokedBy!: string | null;

  @ApiPropertyOptional({ description: 'The issuer of that token, when it is another one than this service.' })
  revokedByIssuer?: string;

  @ApiProperty(METADATA)
  metadata!: Metadata;
}

export class ApiKeyPageDto {
  @ApiProperty({ type: [ApiKeyDto] })
  data!: ApiKeyDto[];

  @ApiProperty({ type: String, nullable: true, description: 'For the next page; null on the last.' })
  nextCursor!: string | null;
}
