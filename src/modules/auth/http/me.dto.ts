import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';

export class MeDto {
  @ApiProperty({
    description: 'The `sub` of the access token.',
    example: '019b76da-a800-7000-8000-000000000001',
  })
  id!: string;

  @ApiProperty({
    type: String,
    nullable: true,
    description: "null for another issuer's people, whose profile is not known here.",
    example: 'ann@example.org',
  })
  email!: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'Ann' })
  name!: string | null;

  @ApiPropertyOptional({
    description: 'Whether they have shown that they read the mail of it. Only where the service sends mails.',
  })
  emailVerified?: boolean;

  @ApiProperty({
    description: 'What the access token may be used for.',
    example: 'apikeys:read apikeys:write',
  })
  scope!: string;
}
