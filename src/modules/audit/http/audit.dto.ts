import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsString, IsUUID, Length } from 'class-validator';
import { NEXT_CURSOR, PageQueryDto } from '../../../shared/http/page-query.dto.js';
import { IsTime, ReadTime } from '../../../shared/http/time.js';
import { Omittable } from '../../../shared/http/validation.js';
import { AUDIT_ACTION_NAMES } from '../domain/audit-actions.js';
import type { AuditEntry } from '../domain/audit-entry.js';
import type { ExportFormat } from '../application/audit.service.js';

const TIME = { type: String, format: 'date-time', example: '2026-05-27T10:00:00.000Z' } as const;
const HASH_EXAMPLE = '5b0a2f1d8c7e6f5a4b3c2d1e0f9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c4d3e2f1a';
const CHANGED = { type: 'object', additionalProperties: true, nullable: true } as const;

export class ListAuditQueryDto extends PageQueryDto {
  @ApiPropertyOptional({
    format: 'uuid',
    description: 'Only what was done to this key, or service key.',
    example: '019b76da-a800-7000-8000-000000000002',
  })
  @Omittable()
  @IsUUID('all')
  keyId?: string;

  @ApiPropertyOptional({
    minLength: 1,
    maxLength: 255,
    description: 'Only what somebody did: their `sub`, or the id of a service key.',
    example: '019b76da-a800-7000-8000-000000000009',
  })
  @Omittable()
  @IsString()
  @Length(1, 255)
  actor?: string;

  @ApiPropertyOptional({ enum: AUDIT_ACTION_NAMES, description: 'Only this action.' })
  @Omittable()
  @IsIn(AUDIT_ACTION_NAMES)
  action?: string;

  @ApiPropertyOptional({ ...TIME, description: 'Only from this time on.' })
  @Omittable()
  @ReadTime()
  @IsTime()
  from?: Date;

  @ApiPropertyOptional({
    ...TIME,
    example: '2026-06-27T10:00:00.000Z',
    description: 'Only before this time.',
  })
  @Omittable()
  @ReadTime()
  @IsTime()
  to?: Date;
}

const FORMATS = ['chain', 'ocsf'] as const satisfies ExportFormat[];

export class ExportAuditQueryDto {
  @ApiPropertyOptional({
    enum: FORMATS,
    default: 'chain',
    description: '`chain` can be verified by itself; `ocsf` is for systems that collect security events.',
  })
  @Omittable()
  @IsIn(FORMATS)
  format?: ExportFormat;
}

export class AuditActorDto {
  @ApiProperty({
    description:
      'The issuer of their access token; `local` for people who registered here, `service-key` for machines, ' +
      '`api-key` for whoever holds the key itself, `system` for the service itself and its operator.',
    example: 'local',
  })
  issuer!: string;

  @ApiProperty({
    description:
      'The `sub` of the access token, the id of the service key, or what part of the service it was.',
    example: '019b76da-a800-7000-8000-000000000009',
  })
  subject!: string;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The `jti` of the access token, or the id of the secret of the service key.',
    example: '7b0c8f52-6d0f-4d1e-8f0a-2b9f6a1c3d4e',
  })
  tokenId!: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The address of the client.',
    example: '192.0.2.1',
  })
  address!: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The `X-Request-Id` of the answer.',
    example: 'req-1',
  })
  requestId!: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'What the client calls itself.',
    example: 'curl/8.5.0',
  })
  userAgent!: string | null;

  @ApiPropertyOptional({
    description: 'The trace that the call was part of (W3C Trace Context), where calls are traced.',
    example: '4bf92f3577b34da6a3ce929d0e0e4736',
  })
  traceId?: string;
}

export class AuditTargetDto {
  @ApiProperty({ description: 'What sort of thing it is.', example: 'api_key' })
  kind!: string;

  @ApiProperty({ example: '019b76da-a800-7000-8000-000000000002' })
  id!: string;
}

export class AuditEventDto {
  @ApiProperty({ description: 'Its place among the events of the application: 1 for the first.', example: 7 })
  seq!: number;

  @ApiProperty({
    ...TIME,
    description: 'By the clock of the database. The order of events is that of `seq`.',
  })
  time!: string;

  @ApiProperty({ description: 'What was done.', example: 'ApiKeyChanged' })
  action!: string;

  @ApiProperty({ type: AuditActorDto })
  actor!: AuditActorDto;

  @ApiProperty({ type: AuditTargetDto })
  target!: AuditTargetDto;

  @ApiProperty({
    ...CHANGED,
    description:
      'The fields that were changed, as they were; null for what there was not before. A large value, such as 16 KiB ' +
      'of metadata, is recorded by its digest, `{"bytes": …, "sha256": …}`: of its JSON in the canonical form of ' +
      'RFC 8785. Values above 512 bytes are large, and so are the largest of those that have more than 1 KiB together.',
    example: { enabled: true },
  })
  before!: Record<string, unknown> | null;

  @ApiProperty({
    ...CHANGED,
    description:
      'The same fields as they are since; null for what there is not any more. Large values as in `before`.',
    example: { enabled: false },
  })
  after!: Record<string, unknown> | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The hash of the event before; null for the first.',
    example: HASH_EXAMPLE,
  })
  previous!: string | null;

  @ApiProperty({
    description: 'The SHA-256 of the event and of `previous`, in the form that the export has.',
    example: HASH_EXAMPLE,
  })
  hash!: string;
}

export class AuditEventPageDto {
  @ApiProperty({ type: [AuditEventDto] })
  data!: AuditEventDto[];

  @ApiProperty(NEXT_CURSOR)
  nextCursor!: string | null;
}

export function toAuditEventResponse({ seq, time, event, previous, hash }: AuditEntry): AuditEventDto {
  const { action, actor, target, before, after } = event;
  return { seq, time, action, actor, target, before, after, previous, hash };
}
