import { ApiProperty } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { ArrayMaxSize, ArrayMinSize, IsArray, IsUUID } from 'class-validator';
import { Distinct } from '../../../shared/http/validation.js';
import type { DailyUsage } from '../domain/usage.js';

const KEY_ID = '019b76da-a800-7000-8000-000000000002';

/** As many as a list gives at once. */
const MAX_KEYS = 100;

/** Of a parameter that is given once, with all its values (OpenAPI 3.1, section 4.8.12). */
const SEPARATED_BY_COMMAS = { style: 'form', explode: false };

export class UsageOfKeysQueryDto {
  @ApiProperty({
    type: [String],
    format: 'uuid',
    minItems: 1,
    maxItems: MAX_KEYS,
    uniqueItems: true,
    ...SEPARATED_BY_COMMAS,
    example: [KEY_ID],
    description: 'The keys, comma-separated: those of one page of the list, say.',
  })
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.split(',') : value))
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_KEYS)
  @Distinct()
  @IsUUID('all', { each: true })
  ids!: string[];
}

class DailyKeyUsageDto implements DailyUsage {
  @ApiProperty({ format: 'uuid', example: KEY_ID })
  keyId!: string;

  @ApiProperty({ type: [Number], example: [0, 12], description: 'Verifications that were passed, each day.' })
  valid!: number[];

  @ApiProperty({ type: [Number], example: [0, 3], description: 'Verifications that were refused, each day.' })
  refused!: number[];
}

export class UsageOfKeysDto {
  @ApiProperty({ format: 'uuid', example: '019b76da-a800-7000-8000-000000000001' })
  applicationId!: string;

  @ApiProperty({ format: 'date-time', example: '2026-04-28T00:00:00.000Z', description: 'The first day.' })
  from!: string;

  @ApiProperty({
    format: 'date-time',
    example: '2026-05-28T00:00:00.000Z',
    description: 'The end of the last day, which is the current one.',
  })
  to!: string;

  @ApiProperty({
    type: [DailyKeyUsageDto],
    description: 'Those of the keys that were verified in this time, in no order.',
  })
  keys!: DailyKeyUsageDto[];
}
