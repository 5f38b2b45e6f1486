import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { NEXT_CURSOR } from '../../../shared/http/page-query.dto.js';
import { POLICY_RULES, type PolicyRule } from '../../applications/index.js';
import { DomainError } from '../../../shared/domain-error.js';
import type { FoundKey, FoundKeys, FoundWebhook, Hygiene } from '../application/hygiene-records.js';
import {
  FINDING_NAMES,
  FINDINGS,
  WEBHOOK_OF_LEAVER,
  type FindingName,
  type OwaspEntry,
} from '../domain/finding.js';
import { PolicyDto } from './policy.dto.js';

const NULLABLE_TIME = { type: String, format: 'date-time', nullable: true } as const;

const KEY_LINK =
  '/dashboard/applications/019b76da-a800-7000-8000-000000000001/keys?q=upblit_live_%E2%80%A6a1B2';

export class FoundKeyDto {
  @ApiProperty({ format: 'uuid', example: '019b76da-a800-7000-8000-000000000002' })
  id!: string;

  @ApiProperty({ example: 'production collector' })
  name!: string;

  @ApiProperty({ example: 'upblit_live_…a1B2' })
  hint!: string;

  @ApiProperty({ example: false, description: 'Whether it is a service key, which is managed elsewhere.' })
  isServiceKey!: boolean;

  @ApiProperty({ type: [String], example: ['telemetry:write'] })
  scopes!: string[];

  @ApiProperty({ format: 'date-time', example: '2026-05-27T10:00:00.000Z' })
  createdAt!: string;

  @ApiProperty({ ...NULLABLE_TIME, example: null, description: 'Null for never.' })
  expiresAt!: string | null;

  @ApiProperty({ ...NULLABLE_TIME, example: '2026-06-27T10:00:00.000Z', description: 'Null for never.' })
  lastUsedAt!: string | null;

  @ApiProperty({ ...NULLABLE_TIME, example: '2026-08-25T10:00:00.000Z', description: 'Null for never.' })
  rotationDueAt!: string | null;

  @ApiProperty({
    enum: POLICY_RULES,
    isArray: true,
    example: ['requireExpiry'],
    description: 'The rules of the policy that it breaks.',
  })
  brokenRules!: PolicyRule[];

  @ApiPropertyOptional({
    format: 'uri-reference',
    example: KEY_LINK,
    description: 'Where the dashboard shows it; left out for a service key.',
  })
  link?: string;
}

export class ViolationsDto {
  @ApiProperty({ type: 'integer', example: 1 })
  count!: number;

  @ApiProperty({
    type: [FoundKeyDto],
    description: 'The newest 20: `GET …/hygiene/policy_violation` lists them all.',
  })
  keys!: FoundKeyDto[];
}

export class ChangedPolicyDto extends PolicyDto {
  @ApiProperty({
    type: ViolationsDto,
    description:
      'The keys that work and break the policy. They go on working until somebody does something about them.',
  })
  violations!: ViolationsDto;
}

class OwaspEntryDto {
  @ApiProperty({ example: 'NHI7:2025' })
  id!: string;

  @ApiProperty({ example: 'Long-Lived Secrets' })
  name!: string;
}

export class FindingDto {
  @ApiProperty({ enum: FINDING_NAMES })
  finding!: FindingName;

  @ApiProperty({ example: FINDINGS.never_expires.says, description: 'What it says of each key, for people.' })
  says!: string;

  @ApiProperty({ example: FINDINGS.never_expires.advice, description: 'What to do.' })
  advice!: string;

  @ApiProperty({
    type: OwaspEntryDto,
    nullable: true,
    description:
      'The entry of the OWASP Non-Human Identities Top 10 of 2025 that it is about; null for none.',
  })
  owasp!: OwaspEntry | null;

  @ApiProperty({ type: 'integer', example: 1, description: 'How many keys it is about.' })
  count!: number;

  @ApiProperty({ type: [FoundKeyDto], description: 'The newest five of them.' })
  keys!: FoundKeyDto[];

  @ApiProperty({
    format: 'uri-reference',
    example: '/dashboard/applications/019b76da-a800-7000-8000-000000000001/hygiene?finding=never_expires',
    description: 'Where the dashboard shows them all.',
  })
  link!: string;
}

class FoundWebhookDto {
  @ApiProperty({ format: 'uuid', example: '019b76da-a800-7000-8000-000000000005' })
  id!: string;

  @ApiProperty({ example: 'https://hooks.example.com/upblit' })
  url!: string;

  @ApiProperty({ type: String, nullable: true, example: 'Tells the billing service.' })
  description!: string | null;

  @ApiProperty({ format: 'date-time', example: '2026-05-27T10:00:00.000Z' })
  createdAt!: string;
}

export class WebhookFindingDto {
  @ApiProperty({ enum: ['creator_not_member'] })
  finding!: 'creator_not_member';

  @ApiProperty({
    example: WEBHOOK_OF_LEAVER.says,
    description: 'What it says of each webhook, for people.',
  })
  says!: string;

  @ApiProperty({ example: WEBHOOK_OF_LEAVER.advice, description: 'What to do.' })
  advice!: string;

  @ApiProperty({ type: OwaspEntryDto, description: 'As in the findings about keys.' })
  owasp!: OwaspEntry;

  @ApiProperty({ type: [FoundWebhookDto], description: 'All that are enabled, newest first.' })
  webhooks!: FoundWebhookDto[];

  @ApiProperty({
    format: 'uri-reference',
    example: '/dashboard/applications/019b76da-a800-7000-8000-000000000001/webhooks',
    description: 'Where the dashboard shows them.',
  })
  link!: string;
}

export class HygieneDto {
  @ApiProperty({
    type: 'integer',
    example: 12,
    description: 'The keys that work; of service keys for owners and admins alone.',
  })
  keys!: number;

  @ApiProperty({
    example: false,
    description: 'Whether there are more than 100,000 of them, of which the newest were looked at.',
  })
  isPartial!: boolean;

  @ApiProperty({
    type: [FindingDto],
    description: 'The most urgent first; those that are about no key are left out.',
  })
  findings!: FindingDto[];

  @ApiProperty({
    type: [WebhookFindingDto],
    description: 'The same of webhooks, for owners and admins alone.',
  })
  webhookFindings!: WebhookFindingDto[];
}

export class FoundKeyPageDto {
  @ApiProperty({ type: [FoundKeyDto] })
  data!: FoundKeyDto[];

  @ApiProperty(NEXT_CURSOR)
  nextCursor!: string | null;
}

export function toHygieneResponse(
  applicationId: string,
  { keys, isPartial, findings }: Hygiene,
  ofLeavers: readonly FoundWebhook[],
): HygieneDto {
  const webhooks = ofLeavers.map(({ createdAt, ...webhook }) => ({
    ...webhook,
    createdAt: createdAt.toISOString(),
  }));
  return {
    keys,
    isPartial,
    findings: FINDING_NAMES.filter((finding) => findings[finding].count > 0).map((finding) => ({
      finding,
      ...FINDINGS[finding],
      ...toFoundKeysResponse(applicationId, findings[finding]),
      link: `/dashboard/applications/${applicationId}/hygiene?finding=${finding}`,
    })),
    webhookFindings:
      webhooks.length === 0
        ? []
        : [
            {
              finding: 'creator_not_member',
              ...WEBHOOK_OF_LEAVER,
              webhooks,
              link: `/dashboard/applications/${applicationId}/webhooks`,
            },
          ],
  };
}

interface FoundKeysResponse {
  count: number;
  keys: FoundKeyDto[];
}

export function toFoundKeysResponse(applicationId: string, { count, keys }: FoundKeys): FoundKeysResponse {
  return { count, keys: keys.map((key) => toFoundKeyResponse(applicationId, key)) };
}

export function toFoundKeyResponse(applicationId: string, key: FoundKey): FoundKeyDto {
  return {
    id: key.id,
    name: key.name,
    hint: key.hint,
    isServiceKey: key.isServiceKey,
    scopes: [...key.scopes],
    createdAt: key.createdAt.toISOString(),
    expiresAt: key.expiresAt?.toISOString() ?? null,
    lastUsedAt: key.lastUsedAt?.toISOString() ?? null,
    rotationDueAt: key.rotationDueAt?.toISOString() ?? null,
    brokenRules: [...key.brokenRules],
    ...(key.isServiceKey
      ? {}
      : { link: `/dashboard/applications/${applicationId}/keys?q=${encodeURIComponent(key.hint)}` }),
  };
}

/** Reads a finding out of a path. Throws `validation_failed`. */
export function readFinding(value: string): FindingName {
  const finding = FINDING_NAMES.find((name) => name === value);
  if (finding !== undefined) return finding;
  const message = `must be one of ${FINDING_NAMES.join(', ')}`;
  throw new DomainError('validation_failed', `finding ${message}.`, {
    errors: [{ field: 'finding', message }],
  });
}
