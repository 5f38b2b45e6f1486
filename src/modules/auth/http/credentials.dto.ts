import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsEmail, IsString, Length, Matches, MaxLength, ValidateBy } from 'class-validator';
import { Omittable, Trim } from '../../../shared/http/validation.js';
import {
  isPossiblePassword,
  MAX_PASSWORD_CHARACTERS,
  MIN_PASSWORD_CHARACTERS,
} from '../domain/password-policy.js';
import { SCOPES } from '../../../shared/scopes.js';

const EMAIL = { type: String, format: 'email', maxLength: 254, example: 'ann@example.org' } as const;

const IsPassword = (): PropertyDecorator =>
  ValidateBy({
    name: 'isPassword',
    validator: {
      validate: (value: unknown) => typeof value === 'string' && isPossiblePassword(value),
      defaultMessage: () =>
        `must be ${MIN_PASSWORD_CHARACTERS} to ${MAX_PASSWORD_CHARACTERS} characters of any script`,
    },
  });

const NEW_PASSWORD = {
  description:
    'Characters of any script. One that is easy to guess is refused, as is one that is made of the email or the name.',
  format: 'password',
  minLength: MIN_PASSWORD_CHARACTERS,
  maxLength: MAX_PASSWORD_CHARACTERS,
  example: 'a long walk in the hills',
} as const;

export class RegisterDto {
  @ApiProperty(EMAIL)
  @Trim()
  @IsEmail()
  @MaxLength(254)
  // Of two addresses that only look alike, one is somebody else's.
  @Matches(/^[\x21-\x7e]+$/, { message: 'must be ASCII; write an international domain as xn--…' })
  email!: string;

  @ApiProperty(NEW_PASSWORD)
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
