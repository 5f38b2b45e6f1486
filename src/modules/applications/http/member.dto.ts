import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsIn, IsString, Length } from 'class-validator';
import { NEXT_CURSOR } from '../../../shared/http/page-query.dto.js';
import { Flag, Omittable } from '../../../shared/http/validation.js';
import { LOCAL_ISSUER } from '../../../shared/subject.js';
import type { KnownAccount } from '../../auth/index.js';
import type { Member } from '../domain/member.js';
import { ROLES, type Role } from '../domain/role.js';

export const SUBJECT = {
  minLength: 1,
  maxLength: 255,
  description: 'The `sub` of their tokens; of people who registered here, the id of `GET /auth/me`.',
  example: '019b76da-a800-7000-8000-000000000009',
} as const;
export const ISSUER = {
  minLength: 1,
  maxLength: 255,
  description: 'The issuer of their tokens, when it is another one than this service.',
  example: 'https://login.example.com/',
} as const;
export const ROLE = {
  enum: ROLES,
  description: 'A `viewer` reads, an `admin` manages keys too, an `owner` may do everything.',
} as const;

class IssuerQueryDto {
  @ApiPropertyOptional(ISSUER)
  @Omittable()
  @IsString()
  @Length(1, 255)
  issuer?: string;
}

export class RemoveMemberQueryDto extends IssuerQueryDto {
  @ApiPropertyOptional({
    type: Boolean,
    default: false,
    description: 'Whether the keys that they made are revoked, too. The answer is 200 then.',
    example: true,
  })
  @Omittable()
  @Flag()
  @IsBoolean()
  revokeKeys?: boolean;
}

export class RemovedMemberDto {
  @ApiProperty({ description: 'How many keys this call has revoked.', minimum: 0, example: 3 })
  revokedKeys!: number;
}

export class AssignRoleDto extends IssuerQueryDto {
  @ApiProperty(ROLE)
  @IsIn(ROLES)
  role!: Role;
}

export class TransferDto extends IssuerQueryDto {
  @ApiProperty(SUBJECT)
  @IsString()
  @Length(1, 255)
  subject!: string;
}

export class MemberDto {
  @ApiProperty(SUBJECT)
  subject!: string;

  @ApiPropertyOptional(ISSUER)
  issuer?: string;

  @ApiProperty(ROLE)
  role!: Role;

  @ApiPropertyOptional({
    description:
      'In the list, for owners and admins: by which email they have registered, of people who have an account here.',
    example: 'ann@example.org',
  })
  email?: string;

  @ApiPropertyOptional({
    description:
      'Beside the email: whether they have shown that they read its mail; until then it is what they say. Only where ' +
      'the service sends mails.',
  })
  emailVerified?: boolean;

  @ApiProperty({ format: 'date-time', example: '2026-05-27T10:00:00.000Z' })
  createdAt!: string;

  @ApiProperty({
    format: 'date-time',
    description: 'When they were given their role.',
    example: '2026-05-27T10:00:00.000Z',
  })
  updatedAt!: string;
}

export class MemberPageDto {
  @ApiProperty({ type: [MemberDto] })
  data!: MemberDto[];

  @ApiProperty(NEXT_CURSOR)
  nextCursor!: string | null;
}

/**
 * The only place that says what of a membership leaves the service.
 *
 * @param account of the member, for whoever may see it
 * @param isVerifying whether emails are verified here at all
 */
export function toMemberResponse(member: Member, account?: KnownAccount, isVerifying = false): MemberDto {
  return {
    subject: member.subject,
    ...(member.issuer === LOCAL_ISSUER ? {} : { issuer: member.issuer }),
    role: member.role,
    ...(account && { email: account.email, ...(isVerifying && { emailVerified: account.isEmailVerified }) }),
    createdAt: member.createdAt.toISOString(),
    updatedAt: member.updatedAt.toISOString(),
  };
}
