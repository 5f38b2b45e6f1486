import { ApiProperty, ApiPropertyOptional, OmitType } from '@nestjs/swagger';
import { IsBoolean, IsString, Matches } from 'class-validator';
import { Flag, NestedList, Omittable } from '../../../shared/http/validation.js';
import { MAX_IMPORT } from '../application/key-import.service.js';
import { ApplicationIdQueryDto, IssueApiKeyDto } from './api-key.dto.js';

/** 32 bytes in hex, or in base64url without padding. */
const SHA256 = /^(?:[0-9a-fA-F]{64}|[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048])$/;

export class ImportKeysQueryDto extends ApplicationIdQueryDto {
  @ApiPropertyOptional({
    type: Boolean,
    default: false,
    description: 'Only says what would become of each key, and imports none.',
  })
  @Omittable()
  @Flag()
  @IsBoolean()
  dryRun?: boolean;
}

export class KeyToImportDto extends OmitType(IssueApiKeyDto, ['credits'] as const) {
  @ApiProperty({
    description: 'The SHA-256 of the key, in hex or base64url: the key itself is never needed.',
    example: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  })
  @IsString()
  @Matches(SHA256, { message: 'sha256 must be a SHA-256 in hex or in base64url without padding' })
  sha256!: string;

  @ApiPropertyOptional({
    description:
      'How the key begins, to recognise it by; not `upblit_`, or whatever keys begin with that are made here.',
    maxLength: 32,
    default: '',
    example: 'sk_live_',
  })
  @Omittable()
  @IsString()
  @Matches(/^[\x21-\x7E]{0,32}$/, {
    message: 'prefix must be up to 32 visible ASCII characters',
  })
  prefix?: string;
}

export class ImportKeysDto {
  @ApiProperty({ type: [KeyToImportDto], minItems: 1, maxItems: MAX_IMPORT })
  @NestedList(() => KeyToImportDto, MAX_IMPORT)
  keys!: KeyToImportDto[];
}

export class ImportResultDto {
  @ApiProperty({
    enum: ['imported', 'exists', 'importable'],
    description:
      '`exists`: the application has the key already, or it came before in the list, and it is left alone. ' +
      '`importable`: it would be imported, with `dryRun`.',
  })
  outcome!: 'imported' | 'exists' | 'importable';

  @ApiPropertyOptional({
    format: 'uuid',
    description: 'The id of the imported key.',
    example: '019b76da-a800-7000-8000-000000000002',
  })
  id?: string;
}

export class ImportKeysResultDto {
  @ApiProperty({ type: [ImportResultDto], description: 'In the order of the keys.' })
  results!: ImportResultDto[];
}
