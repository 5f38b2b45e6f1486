import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { NEXT_CURSOR } from '../../../shared/http/page-query.dto.js';
import { LOCAL_ISSUER } from '../../../shared/subject.js';
import { OFFER_KINDS, type Offer, type OfferKind } from '../domain/offer.js';
import { type Role } from '../domain/role.js';
import { ISSUER, ROLE, SUBJECT } from './member.dto.js';

export const OFFER_ID = { format: 'uuid', example: '019b76da-a800-7000-8000-000000000007' } as const;

export class OfferDto {
  @ApiProperty(OFFER_ID)
  id!: string;

  @ApiProperty({
    enum: OFFER_KINDS,
    description:
      'A `membership` gives the role; a `transfer` makes its receiver the owner whom the application names, too, and ' +
      'its maker an admin.',
  })
  kind!: OfferKind;

  @ApiProperty(ROLE)
  role!: Role;

  @ApiProperty({ format: 'uuid', example: '019b76da-a800-7000-8000-000000000001' })
  applicationId!: string;

  @ApiProperty({ example: 'checkout-service' })
  applicationName!: string;

  @ApiProperty(SUBJECT)
  subject!: string;

  @ApiPropertyOptional(ISSUER)
  issuer?: string;

  @ApiProperty({
    description: "The `sub` of its maker's tokens.",
    example: '019b76da-a800-7000-8000-000000000008',
  })
  createdBy!: string;

  @ApiPropertyOptional({
    description: "The issuer of its maker's tokens, when it is another one than this service.",
    example: 'https://login.example.com/',
  })
  createdByIssuer?: string;

  @ApiProperty({ format: 'date-time', example: '2026-05-27T10:00:00.000Z' })
  createdAt!: string;

  @ApiProperty({
    format: 'date-time',
    description: 'From then on it cannot be accepted any more.',
    example: '2026-06-03T10:00:00.000Z',
  })
  expiresAt!: string;
}

export class OfferPageDto {
  @ApiProperty({ type: [OfferDto] })
  data!: OfferDto[];

  @ApiProperty(NEXT_CURSOR)
  nextCursor!: string | null;
}

/** The only place that says what of an offer leaves the service. */
export function toOfferResponse(offer: Offer, applicationName: string): OfferDto {
  return {
    id: offer.id,
    kind: offer.kind,
    role: offer.role,
    applicationId: offer.applicationId,
    applicationName,
    subject: offer.subject,
    ...(offer.issuer === LOCAL_ISSUER ? {} : { issuer: offer.issuer }),
    createdBy: offer.createdBySubject,
    ...(offer.createdByIssuer === LOCAL_ISSUER ? {} : { createdByIssuer: offer.createdByIssuer }),
    createdAt: offer.createdAt.toISOString(),
    expiresAt: offer.expiresAt.toISOString(),
  };
}
