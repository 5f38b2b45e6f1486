import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsInt, IsString, Length, Max, Min } from 'class-validator';
import { Omittable, WholeNumber } from './validation.js';

/** What every list takes. */
export class PageQueryDto {
  @ApiPropertyOptional({ description: 'How many to answer at most.', minimum: 1, maximum: 100, default: 20 })
  @Omittable()
  @WholeNumber()
  @IsInt()
  @Min(1)
  @Max(100)
  limit?: number;

  @ApiPropertyOptional({
    description: 'The `nextCursor` of the answer before, with the same filters.',
    maxLength: 200,
  })
  @Omittable()
  @IsString()
  @Length(1, 200)
  cursor?: string;
}
