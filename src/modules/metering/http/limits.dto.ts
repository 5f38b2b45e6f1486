import { ApiProperty, ApiPropertyOptional, type ApiPropertyOptions } from '@nestjs/swagger';
import { IsOptional, ValidateBy, ValidateIf, type ValidationArguments } from 'class-validator';
import { Omittable } from '../../../shared/http/validation.js';
import {
  MAX_CREDITS,
  REFILL_INTERVALS,
  isCreditCount,
  type CreditChanges,
  type RefillInterval,
} from '../domain/credits.js';
import { MAX_LIMIT, MAX_RATE_LIMITS, MAX_WINDOW_SECONDS, type RateLimit } from '../domain/rate-limit.js';
import { IsCreditChanges, IsRateLimits, ReadCreditChanges, ReadRateLimits } from './limit-validators.js';

export class RateLimitDto {
  @ApiProperty({
    pattern: '^[A-Za-z0-9][A-Za-z0-9_.-]{0,49}$',
    example: 'burst',
    description: 'Unique; it stands in the RateLimit fields of answers.',
  })
  name!: string;

  @ApiProperty({
    type: 'integer',
    minimum: 1,
    maximum: MAX_LIMIT,
    example: 100,
    description: 'Units in any window.',
  })
  limit!: number;

  @ApiProperty({
    type: 'integer',
    minimum: 1,
    maximum: MAX_WINDOW_SECONDS,
    example: 60,
    description: 'Length of the window.',
  })
  windowSeconds!: number;

  @ApiPropertyOptional({
    type: 'integer',
    minimum: 1,
    maximum: MAX_LIMIT,
    default: 1,
    example: 1,
    description: 'Units that one verification takes, at most the limit.',
  })
  cost?: number;
}

export class CreditRefillDto {
  @ApiProperty({
    type: 'integer',
    minimum: 1,
    maximum: MAX_CREDITS,
    example: 1000,
    description: 'The balance is filled up to this at 00:00 UTC; a higher one stays.',
  })
  amount!: number;

  @ApiProperty({ enum: REFILL_INTERVALS })
  interval!: RefillInterval;

  @ApiPropertyOptional({
    type: 'integer',
    nullable: true,
    minimum: 1,
    maximum: 31,
    example: 1,
    description: 'Day of a monthly refill, the first when left out; in a shorter month its last day.',
  })
  day?: number | null;
}

export class CreditsDto {
  @ApiProperty({
    type: 'integer',
    minimum: 0,
    maximum: MAX_CREDITS,
    example: 5000,
    description: 'What can be spent.',
  })
  remaining!: number;

  @ApiPropertyOptional({ type: CreditRefillDto, nullable: true })
  refill?: CreditRefillDto | null;
}

/** For a change: what is left out stays as it is. */
export class ChangeCreditsDto {
  @ApiPropertyOptional({
    type: 'integer',
    minimum: 0,
    maximum: MAX_CREDITS,
    example: 5000,
    description: 'What can be spent; needed where there are no credits yet.',
  })
  remaining?: number;

  @ApiPropertyOptional({ type: CreditRefillDto, nullable: true, description: 'null for none.' })
  refill?: CreditRefillDto | null;
}

export const RATE_LIMITS: ApiPropertyOptions = {
  type: [RateLimitDto],
  maxItems: MAX_RATE_LIMITS,
  description: 'How often it may be verified: none of them is exceeded in any window of its length.',
};

export class ApplicationLimitsDto {
  @ApiProperty(RATE_LIMITS)
  rateLimits!: readonly RateLimitDto[];

  @ApiProperty({
    type: CreditsDto,
    nullable: true,
    description:
      'What the verifications of all keys spend from, beside credits of their own; null for unlimited.',
  })
  credits!: CreditsDto | null;
}

export class ChangeApplicationLimitsDto {
  @ApiPropertyOptional(RATE_LIMITS)
  @Omittable()
  @ReadRateLimits()
  @IsRateLimits()
  rateLimits?: RateLimit[];

  @ApiPropertyOptional({ type: ChangeCreditsDto, nullable: true, description: 'null takes them off.' })
  @IsOptional()
  @ReadCreditChanges()
  @IsCreditChanges()
  credits?: CreditChanges | null;
}

/** Exactly one of the two. */
export class ChangeBalanceDto {
  @ApiPropertyOptional({
    type: 'integer',
    minimum: 0,
    maximum: MAX_CREDITS,
    example: 5000,
    description: 'The new balance.',
  })
  @ValidateIf((body: ChangeBalanceDto) => body.set !== undefined || body.add === undefined)
  @ValidateBy({
    name: 'isBalance',
    validator: {
      validate: (value, args) => isCreditCount(value) && (args?.object as ChangeBalanceDto).add === undefined,
      defaultMessage: ({ object }: ValidationArguments) =>
        (object as ChangeBalanceDto).add === undefined
          ? `must be an integer from 0 to ${MAX_CREDITS}, unless add is given`
          : 'must not be given together with add',
    },
  })
  set?: number;

  @ApiPropertyOptional({
    type: 'integer',
    minimum: -MAX_CREDITS,
    maximum: MAX_CREDITS,
    example: 100,
    description: 'Is added to the balance; a negative number is taken from it.',
  })
  @Omittable()
  @ValidateBy({
    name: 'isAddition',
    validator: {
      validate: Number.isSafeInteger,
      defaultMessage: () => `must be an integer from -${MAX_CREDITS} to ${MAX_CREDITS}`,
    },
  })
  add?: number;
}
