import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayMinSize, IsArray, IsIn, IsUUID } from 'class-validator';
import { Distinct, Nested, Omittable } from '../../../shared/http/validation.js';
import {
  MAX_BULK_REVOCATION,
  REVOCATION_OUTCOMES,
  type RevocationOutcome,
} from '../application/bulk-revocation.service.js';
import { ExternalIdFilter, TagFilter } from './api-key-filter.fields.js';

const REVOCABLE = ['active', 'disabled', 'expired'] as const;

export class BulkRevocationFilterDto {
  @ApiPropertyOptional({ enum: REVOCABLE, description: 'Only keys in this state.' })
  @Omittable()
  @IsIn(REVOCABLE)
  status?: (typeof REVOCABLE)[number];

  @ExternalIdFilter()
  externalId?: string;

  @TagFilter()
  tag?: string;
}

/** Either `ids`, or `applicationId` and `filter`. */
export class BulkRevocationDto {
  @ApiPropertyOptional({
    type: [String],
    format: 'uuid',
    minItems: 1,
    maxItems: MAX_BULK_REVOCATION,
    description: 'The keys, of any applications.',
    example: ['019b76da-a800-7000-8000-000000000002'],
  })
  @Omittable()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_BULK_REVOCATION)
  @Distinct()
  @IsUUID('all', { each: true })
  ids?: string[];

  @ApiPropertyOptional({
    format: 'uuid',
    description: 'The application whose keys the filter chooses from.',
    example: '019b76da-a800-7000-8000-000000000001',
  })
  @Omittable()
  @IsUUID('all')
  applicationId?: string;

  @ApiPropertyOptional({
    type: BulkRevocationFilterDto,
    description:
      'Which keys; `{}` for all. The newest 1,000 are revoked: repeat the call until none is left.',
  })
  @Omittable()
  @Nested(() => BulkRevocationFilterDto)
  filter?: BulkRevocationFilterDto;
}

export class RevocationResultDto {
  @ApiProperty({ format: 'uuid', example: '019b76da-a800-7000-8000-000000000002' })
  id!: string;

  @ApiProperty({ enum: REVOCATION_OUTCOMES })
  outcome!: RevocationOutcome;
}

export class BulkRevocationResultDto {
  @ApiProperty({ type: [RevocationResultDto], description: 'Of the keys that were named, in their order.' })
  results!: RevocationResultDto[];
}
