import { ApiProperty, ApiPropertyOptional, PartialType, PickType } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsIn,
  IsString,
  Length,
} from 'class-validator';
import { NEXT_CURSOR } from '../../../shared/http/page-query.dto.js';
import { Omittable, Trim } from '../../../shared/http/validation.js';
import { SERVICE_SCOPES, type ServiceScope } from '../../../shared/scopes.js';
import { ApiKeyDto, ApiKeySecretDto } from './api-key-response.dto.js';
import { IssueApiKeyDto } from './api-key.dto.js';
import { NAME } from './api-key.fields.js';

const SCOPES = {
  enum: SERVICE_SCOPES,
  isArray: true,
  minItems: 1,
  maxItems: SERVICE_SCOPES.length,
  uniqueItems: true,
  example: ['keys:verify'],
  description: 'What the key may be used for, in its application and in no other.',
};

export class IssueServiceKeyDto extends PickType(IssueApiKeyDto, ['expiresAt', 'ipAllowlist'] as const) {
  @ApiProperty({ ...NAME, example: 'orders API' })
  @Trim()
  @IsString()
  @Length(1, 100)
  name!: string;

  @ApiProperty(SCOPES)
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(SERVICE_SCOPES.length)
  @ArrayUnique()
  @IsIn(SERVICE_SCOPES, { each: true })
  scopes!: ServiceScope[];
}

export class ChangeServiceKeyDto extends PartialType(IssueServiceKeyDto, { skipNullProperties: false }) {
  @ApiPropertyOptional({ description: '`false` disables the key, `true` enables it again.' })
  @Omittable()
  @IsBoolean()
  enabled?: boolean;
}

/** The fields that all keys have. */
export class ServiceKeyDto extends PickType(ApiKeyDto, [
  'id',
  'applicationId',
  'name',
  'status',
  'createdAt',
  'createdBy',
  'createdByIssuer',
  'expiresAt',
  'rotationDueAt',
  'lastUsedAt',
  'lastUsedFrom',
  'revokedAt',
  'revokedBy',
  'revokedByIssuer',
  'ipAllowlist',
  'leakedAt',
  'leakedFrom',
] as const) {
  @ApiProperty({ description: 'What to recognise the key by.', example: 'upblit_service_…a1B2' })
  hint!: string;

  @ApiProperty(SCOPES)
  scopes!: ServiceScope[];
}

export class ServiceKeyDetailsDto extends ServiceKeyDto {
  @ApiProperty({
    type: [ApiKeySecretDto],
    description: 'The secrets that work, oldest first: five at most.',
  })
  secrets!: ApiKeySecretDto[];
}

export class ServiceKeyPageDto {
  @ApiProperty({ type: [ServiceKeyDto] })
  data!: ServiceKeyDto[];

  @ApiProperty(NEXT_CURSOR)
  nextCursor!: string | null;
}
