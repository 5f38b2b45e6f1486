import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsEmail, IsString, Length, Matches, MaxLength, ValidateBy } from 'class-validator';
import { Omittable, Trim } from '../../../shared/http/validation.js';
import { MAX_PASSWORD_BYTES, MIN_PASSWORD_BYTES, hasPasswordLength } from '../domain/password-policy.js';
import { SCOPES } from '../../../shared/scopes.js';

const EMAIL = { type: String, format: 'email', maxLength: 254, example: 'ann@example.org' } as const;

const IsPassword = (): PropertyDecorator =>
  ValidateBy({
    name: 'isPassword',
    validator: {
      validate: (value: unknown) => typeof value === 'string' && hasPasswordLength(value),
      defaultMessage: () =>
        `must be ${MIN_PASSWORD_BYTES} to ${MAX_PASSWORD_BYTES} bytes of UTF-8, without NUL`,
    },
  });

export class RegisterDto {
  @ApiProperty(EMAIL)
  @Trim()
  @IsEmail()
  @MaxLength(254)
  // Of two addresses that only look alike, one is somebody else's.
  @Matches(/^[\x21-\x7e]+$/, { message: 'must be ASCII; write an international domain as xn--…' })
  email!: string;

  @ApiProperty({
    description: `${MIN_PASSWORD_BYTES} to ${MAX_PASSWORD_BYTES} bytes in UTF-8. The most common passwords are refused.`,
    format: 'password',
    minLength: 1,
    maxLength: MAX_PASSWORD_BYTES,
    example: 'a long walk in the hills',
  })
  @IsPassword()
  password!: string;

  @ApiPropertyOptional({ minLength: 1, maxLength: 100, example: 'Ann' })
  @Omittable()
  @Trim()
  @IsString()
  @Length(1, 100)
  @Matches(/^\P{Cc}*$/u, { message: 'must not hold control characters' })
  name?: string;
}

export class LoginDto {
  @ApiProperty(EMAIL)
  @Trim()
  @IsString()
  @MaxLength(254)
  email!: string;

  @ApiProperty({ format: 'password', example: 'a long walk in the hills' })
  @IsString()
  @MaxLength(1000)
  password!: string;

  @ApiPropertyOptional({
    description: 'The scopes to ask for, space-separated; all there are when left out.',
    example: 'apikeys:read apikeys:write',
    default: SCOPES.join(' '),
  })
  @Omittable()
  @IsString()
  @MaxLength(1000)
  scope?: string;
}

export class RefreshTokenDto {
  @ApiProperty({ description: 'The refresh token of the last answer.', example: 'upblit_rt_…' })
  @IsString()
  @MaxLength(1000)
  refreshToken!: string;
}
