import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';

export class HealthDto {
  @ApiProperty({ enum: ['ok'], example: 'ok' })
  status!: 'ok';
}

export class ReadinessDto extends HealthDto {
  @ApiPropertyOptional({
    description: 'What does not work as it should though requests are served, for the operator.',
    example: 'The rate limits cannot be checked. Redis cannot be used: ECONNREFUSED.',
  })
  detail?: string;
}
