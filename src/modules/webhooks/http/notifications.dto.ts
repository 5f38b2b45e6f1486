import { ApiProperty } from '@nestjs/swagger';
import { IsBoolean } from 'class-validator';

export class PutNotificationsDto {
  @ApiProperty({
    description:
      'Whether you are mailed when a key is about to expire, or was found where everybody can read it.',
    example: true,
  })
  @IsBoolean()
  mail!: boolean;
}

export class NotificationsDto extends PutNotificationsDto {
  @ApiProperty({ description: 'Whether this service sends mails at all.', example: true })
  mailAvailable!: boolean;
}
