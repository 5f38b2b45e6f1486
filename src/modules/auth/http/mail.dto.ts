import { ApiProperty } from '@nestjs/swagger';
import { IsString, MaxLength } from 'class-validator';
import { Trim } from '../../../shared/http/validation.js';
import { EMAIL, ONE_TIME_TOKEN } from './credentials.fields.js';

export class ForgotPasswordDto {
  @ApiProperty(EMAIL)
  @Trim()
  @IsString()
  @MaxLength(254)
  email!: string;
}

export class VerifyEmailDto {
  @ApiProperty({ ...ONE_TIME_TOKEN, description: 'The one-time token of the mail.' })
  @IsString()
  @MaxLength(1000)
  token!: string;
}
