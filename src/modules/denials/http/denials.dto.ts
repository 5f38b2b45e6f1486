import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { NEXT_CURSOR } from '../../../shared/http/page-query.dto.js';
import { DENIAL_CODES, type DenialCode } from '../../verification/index.js';
import { DENIAL_CAUSES, type DenialCause } from '../domain/denial.js';

export class ExceededLimitDto {
  @ApiProperty({
    example: 'burst',
    description: 'One that the application shares begins with `application:`.',
  })
  name!: string;

  @ApiProperty({ type: 'integer', example: 100 })
  limit!: number;

  @ApiProperty({ type: 'integer', example: 60 })
  windowSeconds!: number;

  @ApiProperty({ type: 'integer', example: 0 })
  remaining!: number;
}

export class DenialDetailsDto {
  @ApiPropertyOptional({
    type: 'integer',
    example: 86_400,
    description: 'With `key_expired` and `secret_expired`: for how long it had been expired.',
  })
  expiredForSeconds?: number;

  @ApiPropertyOptional({
    type: [String],
    example: ['orders:read', 'orders:write'],
    description: 'With `scopes_missing`: the scopes that were asked for, 20 at most.',
  })
  scopes?: readonly string[];

  @ApiPropertyOptional({
    type: [String],
    example: ['orders:write'],
    description: 'Of these, the ones that the key lacks.',
  })
  missingScopes?: readonly string[];

  @ApiPropertyOptional({
    type: [ExceededLimitDto],
    description: 'With `rate_limit`: the limits that were used up.',
  })
  rateLimits?: readonly ExceededLimitDto[];

  @ApiPropertyOptional({
    type: 'integer',
    nullable: true,
    example: 12,
    description: 'With `rate_limit` and the credits: when it would have passed; null if never.',
  })
  retryAfterSeconds?: number | null;

  @ApiPropertyOptional({
    type: 'integer',
    example: 5,
    description: 'With the credits: what it would have cost.',
  })
  cost?: number;

  @ApiPropertyOptional({ type: 'integer', example: 3, description: 'With the credits: what was left.' })
  remaining?: number;
}

export class DenialDto {
  @ApiProperty({ format: 'uuid', example: '019b76da-a800-7000-8000-000000000007' })
  id!: string;

  @ApiProperty({ format: 'date-time', example: '2026-05-27T10:00:00.000Z' })
  at!: string;

  @ApiProperty({
    type: String,
    format: 'uuid',
    nullable: true,
    example: '019b76da-a800-7000-8000-000000000002',
    description: 'The key that was shown; null for what is no key of the application.',
  })
  keyId!: string | null;

  @ApiProperty({ enum: DENIAL_CODES, description: 'What the service that asked was answered.' })
  verdict!: DenialCode;

  @ApiProperty({ enum: DENIAL_CAUSES, description: 'The check that has failed.' })
  cause!: DenialCause;

  @ApiProperty({ type: DenialDetailsDto, description: 'By how much it has failed.' })
  details!: DenialDetailsDto;

  @ApiProperty({
    type: String,
    nullable: true,
    example: '0f8fad5b-d9cb-469f-a165-70867728950e',
    description:
      'The `X-Request-Id` of the answer; null where the service that asked is not the application’s own.',
  })
  requestId!: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    example: '203.0.113.9',
    description:
      'The client that sent the key, as the service that asked has told; null when it did not, or is not the ' +
      'application’s own.',
  })
  address!: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    example: '10.0.0.5',
    description: 'The service that asked; null where it is not the application’s own.',
  })
  callerAddress!: string | null;

  @ApiProperty({
    type: 'integer',
    example: 1,
    description: 'How many refusals it stands for: of many alike within a second, the first three are kept.',
  })
  repeated!: number;
}

export class DenialPageDto {
  @ApiProperty({ type: [DenialDto] })
  data!: DenialDto[];

  @ApiProperty(NEXT_CURSOR)
  nextCursor!: string | null;
}
