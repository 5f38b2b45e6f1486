import { ApiProperty } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayMinSize, IsArray, IsString, Length } from 'class-validator';

const MAX_KEYS = 100;

export class LeakReportDto {
  @ApiProperty({
    type: 'array',
    minItems: 1,
    maxItems: MAX_KEYS,
    items: { type: 'string', minLength: 1, maxLength: 512 },
    description: 'The keys as they were found. Any strings at all are answered alike.',
    example: ['upblit_live_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'],
  })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_KEYS)
  @IsString({ each: true })
  @Length(1, 512, { each: true })
  keys!: string[];
}
