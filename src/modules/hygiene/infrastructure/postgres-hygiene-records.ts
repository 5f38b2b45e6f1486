import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';
import { Snapshots } from '../../../infrastructure/database/snapshots.js';
import { managerOf } from '../../../infrastructure/database/transaction.js';
import { API_KEY_ISSUER, SERVICE_KEY_ISSUER, SYSTEM_ISSUER } from '../../../shared/actor.js';
import type { PageRequest } from '../../../shared/page.js';
import type { PolicyRule } from '../../applications/index.js';
import type { Dated } from '../../freshness/index.js';
import {
  HygieneRecords,
  type FoundKey,
  type FoundKeys,
  type FoundWebhook,
  type Hygiene,
  type KeysToRead,
} from '../application/hygiene-records.js';
import {
  EXPIRING_WITHIN_DAYS,
  NEVER_USED_AFTER_DAYS,
  UNUSED_AFTER_DAYS,
  type FindingName,
} from '../domain/finding.js';

/** Keys of one application that are looked at: the newest ones. */
const MAX_KEYS = 100_000;

const MACHINES = [SERVICE_KEY_ISSUER, API_KEY_ISSUER, SYSTEM_ISSUER]
  .map((issuer) => `'${issuer}'`)
  .join(', ');

/** What the policy demands: every parameter has its type here, whether or not a condition asks for it. */
const DEMAND = `
  demand AS (
    SELECT $1::uuid AS application_id, $2::integer AS max_lifetime, $3::boolean AS require_expiry,
           $4::boolean AS require_ip_allowlist, $5::text[] AS allowed_scopes, $6::integer AS rotate_every,
           $7::boolean AS of_service_keys
  )`;

/** The keys that work, each with its last use and its secrets that work. */
const KEYS = `
  demand
  JOIN api_keys k ON k.application_id = demand.application_id AND k.revoked_at IS NULL AND k.enabled
                 AND (k.expires_at IS NULL OR k.expires_at > now())
                 AND (demand.of_service_keys OR k.environment <> 'service')
  LEFT JOIN api_key_usage u ON u.api_key_id = k.id
 CROSS JOIN LATERAL (
    SELECT count(*) AS working, min(created_at) FILTER (WHERE expires_at IS NULL) AS undated_since
      FROM api_key_secrets
     WHERE api_key_id = k.id AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())
  ) secrets`;

/** As `brokenRules` judges. */
const BREAKS: Readonly<Record<PolicyRule, string>> = {
  maxLifetime: `demand.max_lifetime IS NOT NULL
    AND (k.expires_at IS NULL OR k.expires_at - k.created_at > make_interval(days => demand.max_lifetime))`,
  requireExpiry: 'demand.require_expiry AND k.expires_at IS NULL',
  requireIpAllowlist: 'demand.require_ip_allowlist AND cardinality(k.ip_allowlist) = 0',
  allowedScopes: `k.environment <> 'service' AND NOT k.scopes <@ demand.allowed_scopes AND EXISTS (
    SELECT FROM unnest(k.scopes) scope WHERE NOT EXISTS (
      SELECT FROM unnest(demand.allowed_scopes) allowed
       WHERE scope = allowed
          OR (right(allowed, 1) = '*' AND length(scope) >= length(allowed) AND starts_with(scope, left(allowed, -1)))))`,
};

const CONDITIONS: Readonly<Record<FindingName, string>> = {
  policy_violation: Object.values(BREAKS)
    .map((condition) => `(${condition})`)
    .join(' OR '),
  creator_not_member: `k.created_by_issuer NOT IN (${MACHINES}) AND NOT EXISTS (
    SELECT FROM application_members member
     WHERE member.application_id = k.application_id
       AND member.issuer = k.created_by_issuer AND member.subject = k.created_by_subject)`,
  rotation_due: 'secrets.undated_since < now() - make_interval(days => demand.rotate_every)',
  expiring: `k.expires_at < now() + make_interval(days => ${EXPIRING_WITHIN_DAYS})`,
  old_secret: 'secrets.working > 1',
  broad_scopes: `k.environment <> 'service' AND EXISTS (
    SELECT FROM unnest(k.scopes) scope WHERE right(scope, 1) = '*')`,
  never_expires: 'k.expires_at IS NULL',
  unused: `u.last_used_at < now() - make_interval(days => ${UNUSED_AFTER_DAYS})`,
  never_used: `u.last_used_at IS NULL AND k.created_at < now() - make_interval(days => ${NEVER_USED_AFTER_DAYS})`,
};

/** A webhook goes on telling whoever made it what happens to the application. Mails end by themselves. */
const WEBHOOKS_OF_LEAVERS = `
  SELECT w.id, w.url, w.description, w.created_at AS "createdAt" FROM webhooks w
   WHERE w.application_id = $1 AND w.mails_to IS NULL AND w.enabled AND w.deleted_at IS NULL
     AND w.created_by_issuer NOT IN (${MACHINES}) AND NOT EXISTS (
       SELECT FROM application_members member
        WHERE member.application_id = w.application_id
          AND member.issuer = w.created_by_issuer AND member.subject = w.created_by_subject)
   ORDER BY w.id DESC`;

const BROKEN_RULES = Object.entries(BREAKS)
  .map(([rule, condition]) => `CASE WHEN ${condition} THEN '${rule}' END`)
  .join(', ');

/** @param which a condition, with the order and the number of rows */
const selectKeys = (which: string): string => `
  WITH ${DEMAND}
  SELECT k.id, k.name, k.environment = 'service' AS "isServiceKey", k.scopes, k.created_at AS "createdAt",
         k.expires_at AS "expiresAt", u.last_used_at AS "lastUsedAt",
         secrets.undated_since + demand.rotate_every * interval '24 hours' AS "rotationDueAt",
         array_remove(ARRAY[${BROKEN_RULES}], NULL) AS "brokenRules",
         (SELECT hint FROM api_key_secrets WHERE api_key_id = k.id ORDER BY created_at DESC LIMIT 1) AS hint
    FROM ${KEYS}
   WHERE ${which}`;

/** One pass over the keys; what is found is counted, and the newest of it are named. */
const summarize = (findings: readonly FindingName[]): string => `
  WITH ${DEMAND},
       found AS MATERIALIZED (
         SELECT k.id, ${findings.map((name) => `(${CONDITIONS[name]}) IS TRUE AS ${name}`).join(', ')}
           FROM ${KEYS}
          ORDER BY k.id DESC LIMIT ${MAX_KEYS + 1}
       )
  SELECT count(*)::integer AS keys,
         ${findings
           .map(
             (name) => `count(*) FILTER (WHERE ${name})::integer AS "${name}",
         ARRAY(SELECT id FROM found WHERE ${name} ORDER BY id DESC LIMIT $8::integer)::text[] AS "ids of ${name}"`,
           )
           .join(',\n         ')}
    FROM found`;

@Injectable()
export class PostgresHygieneRecords extends HygieneRecords {
  private readonly snapshots: Snapshots;

  constructor(@InjectDataSource() dataSource: DataSource) {
    super();
    this.snapshots = new Snapshots(dataSource);
  }

  summarize(
    which: KeysToRead,
    findings: readonly FindingName[],
    examples: number,
    atLeast: number,
  ): Promise<Dated<Hygiene>> {
    const values = valuesOf(which);
    // A new key takes no number: a server that was left behind may not show it.
    return this.snapshots.latest(atLeast, async (snapshot) => {
      const manager = managerOf(snapshot);
      const [row = {}] = await manager.query<Record<string, unknown>[]>(summarize(findings), [
        ...values,
        examples,
      ]);
      const idsOf = (name: FindingName): string[] => (row[`ids of ${name}`] ?? []) as string[];
      const keys = await readKeys(manager, values, [...new Set(findings.flatMap(idsOf))]);
      const found = findings.map((name): [FindingName, FoundKeys] => [
        name,
        { count: Number(row[name] ?? 0), keys: idsOf(name).flatMap((id) => keys.get(id) ?? []) },
      ]);
      const count = Number(row.keys ?? 0);
      return {
        keys: count,
        isPartial: count > MAX_KEYS,
        findings: Object.fromEntries(found) as Hygiene['findings'],
      };
    });
  }

  list(
    which: KeysToRead,
    finding: FindingName,
    { before, limit }: PageRequest,
    atLeast: number,
  ): Promise<Dated<FoundKey[]>> {
    const text = selectKeys(
      `(${CONDITIONS[finding]}) AND ($8::uuid IS NULL OR k.id < $8) ORDER BY k.id DESC LIMIT $9::integer`,
    );
    const values = [...valuesOf(which), before ?? null, limit + 1];
    return this.snapshots.latest(atLeast, (snapshot) => managerOf(snapshot).query<FoundKey[]>(text, values));
  }

  webhooksOfLeavers(applicationId: string, atLeast: number): Promise<Dated<FoundWebhook[]>> {
    return this.snapshots.latest(atLeast, (snapshot) =>
      managerOf(snapshot).query<FoundWebhook[]>(WEBHOOKS_OF_LEAVERS, [applicationId]),
    );
  }
}

async function readKeys(
  manager: EntityManager,
  values: readonly unknown[],
  ids: readonly string[],
): Promise<Map<string, FoundKey>> {
  if (ids.length === 0) return new Map();
  const keys = await manager.query<FoundKey[]>(selectKeys('k.id = ANY ($8::uuid[])'), [...values, ids]);
  return new Map(keys.map((key) => [key.id, key]));
}

function valuesOf({ applicationId, policy, ofServiceKeys }: KeysToRead): unknown[] {
  const { maxLifetime, requireExpiry, requireIpAllowlist, allowedScopes, rotateEvery } = policy;
  return [
    applicationId,
    maxLifetime,
    requireExpiry,
    requireIpAllowlist,
    allowedScopes,
    rotateEvery,
    ofServiceKeys,
  ];
}
