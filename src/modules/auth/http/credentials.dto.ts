import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsEmail, IsString, Length, Matches, MaxLength } from 'class-validator';
import { Omittable, Trim } from '../../../shared/http/validation.js';
import { SCOPES } from '../../../shared/scopes.js';
import { EMAIL, IsPassword, NEW_PASSWORD, ONE_TIME_TOKEN } from './credentials.fields.js';

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

  @ApiPropertyOptional({
    ...ONE_TIME_TOKEN,
    description: 'The token of an invitation for this email. Needed where the operator invites.',
  })
  @Omittable()
  @IsString()
  @MaxLength(1000)
  invitation?: string;
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
