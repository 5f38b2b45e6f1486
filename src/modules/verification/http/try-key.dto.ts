import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ArrayMaxSize, IsArray, IsInt, IsIP, IsString, Matches, Max, MaxLength, Min } from 'class-validator';
import { Omittable, WholeNumber } from '../../../shared/http/validation.js';
import { MAX_SCOPES, SCOPE_PATTERN } from '../../../shared/key-scopes.js';
import { KEY_ENVIRONMENTS, type KeyEnvironment } from '../../api-keys/index.js';
import { MAX_CREDITS } from '../../metering/index.js';
import type { KeyExplanation } from '../application/key-explanation.service.js';
import type { CheckOutcome } from '../domain/key-checks.js';
import { DENIAL_CODES, VERDICT_CODES, type DenialCode, type VerdictCode } from '../domain/verification.js';

/** No valid key is longer. */
const MAX_KEY = 512;

const OUTCOMES = ['passed', 'failed', 'not_checked'] as const satisfies CheckOutcome[];

export class TryKeyDto {
  @ApiProperty({
    maxLength: MAX_KEY,
    example: 'upblit_live_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx',
    description: 'The key as it was received. It is not kept.',
  })
  @IsString()
  @MaxLength(MAX_KEY)
  key!: string;

  @ApiPropertyOptional({
    type: [String],
    maxItems: MAX_SCOPES,
    example: ['telemetry:write'],
    description: 'The scopes that are needed, all of them.',
  })
  @Omittable()
  @IsArray()
  @ArrayMaxSize(MAX_SCOPES)
  @IsString({ each: true })
  @Matches(new RegExp(SCOPE_PATTERN), { each: true, message: 'each value in scopes must be a scope' })
  scopes?: string[];

  @ApiPropertyOptional({
    example: '203.0.113.9',
    description: 'The address of the client that would send the key.',
  })
  @Omittable()
  @IsIP()
  ip?: string;

  @ApiPropertyOptional({
    type: 'integer',
    minimum: 0,
    maximum: MAX_CREDITS,
    default: 1,
    example: 1,
    description: 'Credits that it would cost, where the key or its application has credits.',
  })
  @Omittable()
  @WholeNumber()
  @IsInt()
  @Min(0)
  @Max(MAX_CREDITS)
  cost?: number;
}

export class KeyCheckDto {
  @ApiProperty({ enum: DENIAL_CODES, description: 'The verdict on keys that fail it.' })
  code!: DenialCode;

  @ApiProperty({ enum: OUTCOMES, description: '`not_checked` where nothing is known of the key.' })
  outcome!: CheckOutcome;

  @ApiProperty({ example: 'The key is enabled.', description: 'Why, for people.' })
  detail!: string;
}

export class TriedKeyDto {
  @ApiProperty({ format: 'uuid', example: '019b76da-a800-7000-8000-000000000002' })
  id!: string;

  @ApiProperty({ example: 'production collector' })
  name!: string;

  @ApiProperty({ enum: KEY_ENVIRONMENTS })
  environment!: KeyEnvironment;

  @ApiProperty({ type: [String], example: ['telemetry:write'] })
  scopes!: string[];
}

export class KeyExplanationDto {
  @ApiProperty()
  valid!: boolean;

  @ApiProperty({ enum: VERDICT_CODES, description: 'What a verification would have answered.' })
  code!: VerdictCode;

  @ApiProperty({
    type: TriedKeyDto,
    nullable: true,
    description: 'Null for what is no key of the application.',
  })
  key!: TriedKeyDto | null;

  @ApiProperty({ type: [KeyCheckDto], description: 'In the order in which a verification makes them.' })
  checks!: KeyCheckDto[];
}

export function toExplanationResponse({ code, checks, record }: KeyExplanation): KeyExplanationDto {
  return {
    valid: code === 'VALID',
    code,
    key:
      record === null
        ? null
        : {
            id: record.keyId,
            name: record.name,
            // Service keys are not explained.
            environment: record.environment as KeyEnvironment,
            scopes: [...record.scopes],
          },
    checks: checks.map(({ code: ofCheck, outcome, detail }) => ({ code: ofCheck, outcome, detail })),
  };
}
