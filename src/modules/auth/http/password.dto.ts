import { ApiProperty } from '@nestjs/swagger';
import { IsString, MaxLength } from 'class-validator';
import { IsPassword, NEW_PASSWORD, ONE_TIME_TOKEN } from './credentials.fields.js';

export class ChangePasswordDto {
  @ApiProperty({ format: 'password', example: 'a long walk in the hills' })
  @IsString()
  @MaxLength(1000)
  currentPassword!: string;

  @ApiProperty(NEW_PASSWORD)
  @IsPassword()
  newPassword!: string;
}

export class ResetPasswordDto {
  @ApiProperty({ ...ONE_TIME_TOKEN, description: 'A one-time token for this account.' })
  @IsString()
  @MaxLength(1000)
  token!: string;

  @ApiProperty(NEW_PASSWORD)
  @IsPassword()
  password!: string;
}
