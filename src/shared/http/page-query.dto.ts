import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsInt, IsString, Length, Max, Min } from 'class-validator';
import { Omittable, WholeNumber } from './validation.js';

const CURSOR = 'MDE5Yjc2ZGEtYTgwMC03MDAwLTgwMDAtMDAwMDAwMDAwMDAyIEFBQUFBQUFBQUFB';

/** What every list answers beside its rows. */
export const NEXT_CURSOR = {
  type: String,
  nullable: true,
  description: 'For the next page; null on the last.',
  example: CURSOR,
} as const;

/** What every list takes. */
export class PageQueryDto {
  @ApiPropertyOptional({
    description: 'How many to answer at most.',
    minimum: 1,
    maximum: 100,
    default: 20,
    example: 20,
  })
  @Omittable()
  @WholeNumber()
  @IsInt()
  @Min(1)
  @Max(100)
  limit?: number;

  @ApiPropertyOptional({
    description: 'The `nextCursor` of the answer before, with the same filters.',
    example: CURSOR,
    maxLength: 200,
  })
  @Omittable()
  @IsString()
  @Length(1, 200)
  cursor?: string;
}
