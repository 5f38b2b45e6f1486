import { ApiProperty } from '@nestjs/swagger';
import { NEXT_CURSOR } from '../../../shared/http/page-query.dto.js';
import type { Session } from '../domain/refresh-token-family.js';

const TIME = { format: 'date-time', example: '2026-05-27T10:00:00.000Z' } as const;

export class SessionDto {
  @ApiProperty({
    format: 'uuid',
    description: 'The `sid` of its access tokens.',
    example: '019b76da-a800-7000-8000-000000000003',
  })
  id!: string;

  @ApiProperty({ description: 'Whether the access token of this call is one of it.' })
  current!: boolean;

  @ApiProperty({
    description: 'What its access tokens may be used for.',
    example: 'apikeys:read apikeys:write',
  })
  scope!: string;

  @ApiProperty({ ...TIME, description: 'When the person logged in.' })
  createdAt!: string;

  @ApiProperty({ ...TIME, description: 'When it was refreshed last; at first, when the person logged in.' })
  lastUsedAt!: string;

  @ApiProperty({ ...TIME, description: 'When it ends by itself.' })
  expiresAt!: string;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The client address of that last use; null when it was not written down.',
    example: '192.0.2.1',
  })
  address!: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The beginning of what the client called itself then; null when it said nothing.',
    example: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  })
  userAgent!: string | null;
}

export class SessionPageDto {
  @ApiProperty({ type: [SessionDto] })
  data!: SessionDto[];

  @ApiProperty(NEXT_CURSOR)
  nextCursor!: string | null;
}

/** The only place that says what of a session leaves the service. */
export function toSessionResponse(session: Session, current: string | null): SessionDto {
  return {
    id: session.id,
    current: session.id === current,
    scope: session.scopes.join(' '),
    createdAt: session.createdAt.toISOString(),
    lastUsedAt: session.lastUsedAt.toISOString(),
    expiresAt: session.expiresAt.toISOString(),
    address: session.address,
    userAgent: session.userAgent,
  };
}
