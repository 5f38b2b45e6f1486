import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsInt, Max, Min } from 'class-validator';
import { IsTime, ReadTime } from '../../../shared/http/time.js';
import { Omittable, WholeNumber } from '../../../shared/http/validation.js';
import type { Counts } from '../domain/counts.js';
import { USAGE_GROUPS, type UsageGrouping } from '../domain/usage.js';
import { GRANULARITIES, type Granularity } from '../domain/usage-range.js';

const KEY_ID = '019b76da-a800-7000-8000-000000000002';
const APPLICATION_ID = '019b76da-a800-7000-8000-000000000001';

export class UsageQueryDto {
  @ApiPropertyOptional({
    type: String,
    format: 'date-time',
    example: '2026-05-27T00:00:00.000Z',
    description:
      'The hour, or day of UTC, that it begins with. 24 hours or 30 days before its end by default.',
  })
  @Omittable()
  @ReadTime()
  @IsTime()
  from?: Date;

  @ApiPropertyOptional({
    type: String,
    format: 'date-time',
    example: '2026-05-28T00:00:00.000Z',
    description:
      'Where it ends: the hour, or day, that this time is in is the last one, and one that begins then is not part ' +
      'of it. Now by default.',
  })
  @Omittable()
  @ReadTime()
  @IsTime()
  to?: Date;

  @ApiPropertyOptional({
    enum: GRANULARITIES,
    default: 'day',
    description: 'By the hour for up to 31 days of the last 90; by the day for up to 366.',
  })
  @Omittable()
  @IsIn(GRANULARITIES)
  granularity?: Granularity;
}

export class ApplicationUsageQueryDto extends UsageQueryDto {
  @ApiPropertyOptional({
    enum: USAGE_GROUPS,
    default: 'key',
    description: 'What `groups` tells apart: keys, or the `externalId` or the tags that they have now.',
  })
  @Omittable()
  @IsIn(USAGE_GROUPS)
  groupBy?: UsageGrouping;

  @ApiPropertyOptional({
    minimum: 1,
    maximum: 100,
    default: 20,
    example: 20,
    description: 'How many groups to answer at most: those with the most verifications.',
  })
  @Omittable()
  @WholeNumber()
  @IsInt()
  @Min(1)
  @Max(100)
  limit?: number;
}

export class UsageCountsDto implements Counts {
  @ApiProperty({ type: 'integer', example: 1234 })
  VALID!: number;

  @ApiProperty({
    type: 'integer',
    example: 0,
    description: 'The key was shown where keys of another application are taken.',
  })
  NOT_FOUND!: number;

  @ApiProperty({ type: 'integer', example: 0 })
  REVOKED!: number;

  @ApiProperty({ type: 'integer', example: 0 })
  DISABLED!: number;

  @ApiProperty({ type: 'integer', example: 0 })
  EXPIRED!: number;

  @ApiProperty({ type: 'integer', example: 3 })
  FORBIDDEN!: number;

  @ApiProperty({ type: 'integer', example: 0 })
  INSUFFICIENT_PERMISSIONS!: number;

  @ApiProperty({ type: 'integer', example: 17 })
  RATE_LIMITED!: number;

  @ApiProperty({ type: 'integer', example: 0 })
  USAGE_EXCEEDED!: number;
}

export class UsageBucketDto {
  @ApiProperty({ format: 'date-time', example: '2026-05-27T00:00:00.000Z' })
  start!: string;

  @ApiProperty({ type: UsageCountsDto })
  counts!: UsageCountsDto;
}

class UsageDto {
  @ApiProperty({ format: 'uuid', example: APPLICATION_ID })
  applicationId!: string;

  @ApiProperty({ format: 'date-time', example: '2026-05-27T00:00:00.000Z' })
  from!: string;

  @ApiProperty({
    format: 'date-time',
    example: '2026-05-28T00:00:00.000Z',
    description: 'The end, which is not part of it.',
  })
  to!: string;

  @ApiProperty({ enum: GRANULARITIES })
  granularity!: Granularity;

  @ApiProperty({ type: UsageCountsDto, description: 'All of it, by verdict.' })
  counts!: UsageCountsDto;

  @ApiProperty({
    type: [UsageBucketDto],
    description: 'Every hour or day, with zeros where there was nothing.',
  })
  buckets!: UsageBucketDto[];
}

export class KeyUsageDto extends UsageDto {
  @ApiProperty({ format: 'uuid', example: KEY_ID })
  keyId!: string;
}

export class UsageGroupDto {
  @ApiProperty({
    type: String,
    nullable: true,
    example: KEY_ID,
    description:
      'The id of a key, an `externalId` or a tag; null for keys that have none, and for those that were deleted.',
  })
  value!: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    example: 'production collector',
    description: 'The name of a key that was not deleted.',
  })
  name!: string | null;

  @ApiProperty({ type: UsageCountsDto })
  counts!: UsageCountsDto;
}

export class ApplicationUsageDto extends UsageDto {
  @ApiProperty({ enum: USAGE_GROUPS })
  groupBy!: UsageGrouping;

  @ApiProperty({
    type: [UsageGroupDto],
    description:
      'Those with the most verifications, the largest first. A key is in the group of each of its tags.',
  })
  groups!: UsageGroupDto[];
}
