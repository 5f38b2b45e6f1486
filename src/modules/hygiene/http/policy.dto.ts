import { ApiProperty, PartialType, type ApiPropertyOptions } from '@nestjs/swagger';
import { ArrayMaxSize, IsArray, IsBoolean, IsIn, IsInt, IsOptional, Max, Min } from 'class-validator';
import { MAX_SCOPES } from '../../../shared/key-scopes.js';
import { Distinct, IsScopeName, Omittable } from '../../../shared/http/validation.js';
import { MAX_POLICY_DAYS, ON_LEAK, type KeyPolicy, type OnLeak } from '../../applications/index.js';

const DAYS: ApiPropertyOptions = {
  type: 'integer',
  nullable: true,
  minimum: 1,
  maximum: MAX_POLICY_DAYS,
  example: 90,
};

export class PolicyDto {
  @ApiProperty({
    ...DAYS,
    description:
      'The days that a key may live, from its creation to its expiry. With it a key has to expire. Null for any number.',
  })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(MAX_POLICY_DAYS)
  maxLifetime!: number | null;

  @ApiProperty({ example: true, description: 'Whether a key has to expire.' })
  @Omittable()
  @IsBoolean()
  requireExpiry!: boolean;

  @ApiProperty({ example: false, description: 'Whether a key has to have an `ipAllowlist`.' })
  @Omittable()
  @IsBoolean()
  requireIpAllowlist!: boolean;

  @ApiProperty({
    type: [String],
    nullable: true,
    maxItems: MAX_SCOPES,
    example: ['telemetry:*'],
    description:
      'The scopes that keys may have: `telemetry:*` allows itself and all that it covers. Null for any scope. It does ' +
      'not bind service keys, whose scopes are those of this service.',
  })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(MAX_SCOPES)
  @Distinct()
  @IsScopeName({ each: true })
  allowedScopes!: string[] | null;

  @ApiProperty({
    ...DAYS,
    description:
      'The days after which the secret of a key is due to be replaced. Nothing is replaced by itself: nobody would be ' +
      'there to receive the new secret. Null for never.',
  })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(MAX_POLICY_DAYS)
  rotateEvery!: number | null;

  @ApiProperty({
    enum: ON_LEAK,
    description: 'What becomes of a key that is found in public: it is revoked, disabled, or only reported.',
  })
  @Omittable()
  @IsIn(ON_LEAK)
  onLeak!: OnLeak;
}

/** Left out means unchanged. */
export class ChangePolicyDto extends PartialType(PolicyDto, { skipNullProperties: false }) {}

export function toPolicyResponse(policy: KeyPolicy): PolicyDto {
  const { maxLifetime, requireExpiry, requireIpAllowlist, allowedScopes, rotateEvery, onLeak } = policy;
  return {
    maxLifetime,
    requireExpiry,
    requireIpAllowlist,
    allowedScopes: allowedScopes === null ? null : [...allowedScopes],
    rotateEvery,
    onLeak,
  };
}
