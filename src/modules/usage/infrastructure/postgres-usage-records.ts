import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import type { VerdictCode } from '../../verification/index.js';
import {
  UsageRecords,
  type UsageOfDay,
  type UsageRecord,
  type UsageSubject,
} from '../application/usage-records.js';
import { noCounts } from '../domain/counts.js';
import type { UsageGroup, UsageGrouping } from '../domain/usage.js';
import type { UsageRange } from '../domain/usage-range.js';

/** What a group is of, where `k` is the key if it is there. A key is in the group of each of its tags. */
const GROUPS: Record<UsageGrouping, { value: string; name: string; join: string }> = {
  key: { value: 'u.api_key_id::text', name: 'k.name', join: '' },
  externalId: { value: 'k.external_id', name: 'NULL::text', join: '' },
  tag: { value: 't.tag', name: 'NULL::text', join: 'LEFT JOIN LATERAL unnest(k.tags) AS t (tag) ON true' },
};

interface GroupRow {
  value: string | null;
  name: string | null;
  verdict: VerdictCode;
  count: number;
}

@Injectable()
export class PostgresUsageRecords extends UsageRecords {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {
    super();
  }

  find(subject: UsageSubject, range: UsageRange): Promise<UsageRecord[]> {
    const [column, id] =
      'keyId' in subject ? ['api_key_id', subject.keyId] : ['application_id', subject.applicationId];
    return this.dataSource.query<UsageRecord[]>(
      `SELECT date_trunc($4, starts_at, 'UTC') AS start, verdict, sum(count)::float8 AS count
         FROM ${both(column)}
        GROUP BY start, verdict`,
      [id, range.from, range.to, range.granularity],
    );
  }

  findDays(applicationId: string, keyIds: readonly string[], range: UsageRange): Promise<UsageOfDay[]> {
    return this.dataSource.query<UsageOfDay[]>(
      `SELECT api_key_id AS "keyId", date_trunc('day', starts_at, 'UTC') AS start,
              coalesce(sum(count) FILTER (WHERE verdict = 'VALID'), 0)::float8 AS valid,
              coalesce(sum(count) FILTER (WHERE verdict <> 'VALID'), 0)::float8 AS refused
         FROM ${both('application_id', 'AND api_key_id = ANY ($4)')}
        GROUP BY 1, 2`,
      [applicationId, range.from, range.to, keyIds],
    );
  }

  async findLargest(
    applicationId: string,
    range: UsageRange,
    grouping: UsageGrouping,
    limit: number,
  ): Promise<UsageGroup[]> {
    const { value, name, join } = GROUPS[grouping];
    const rows = await this.dataSource.query<GroupRow[]>(
      `WITH grouped AS (
         SELECT ${value} AS value, min(${name}) AS name, u.verdict, sum(u.count)::float8 AS count
           FROM (SELECT api_key_id, verdict, sum(count) AS count
                   FROM ${both('application_id')}
                  GROUP BY api_key_id, verdict) AS u
           LEFT JOIN api_keys k ON k.id = u.api_key_id
           ${join}
          GROUP BY ${value}, u.verdict
       ), largest AS (
         SELECT value, sum(count) AS total FROM grouped GROUP BY value ORDER BY total DESC, value LIMIT $4
       )
       SELECT g.value, g.name, g.verdict, g.count
         FROM largest l JOIN grouped g ON g.value IS NOT DISTINCT FROM l.value
        ORDER BY l.total DESC, l.value`,
      [applicationId, range.from, range.to, limit],
    );
    const groups = new Map<string | null, UsageGroup>();
    for (const row of rows) {
      const group = groups.get(row.value) ?? { value: row.value, name: row.name, counts: noCounts() };
      group.counts[row.verdict] = row.count;
      groups.set(row.value, group);
    }
    return [...groups.values()];
  }
}

/**
 * The hours and the days of $1 from $2 to $3, in one snapshot: what moves from the one to the other is in one of them.
 *
 * @param further a condition, beginning with AND
 */
function both(column: string, further = ''): string {
  const [hours, days] = ['usage_hours', 'usage_days'].map(
    (table) => `SELECT api_key_id, starts_at, verdict, count FROM ${table}
                 WHERE ${column} = $1 AND starts_at >= $2 AND starts_at < $3 ${further}`,
  );
  return `(${hours} UNION ALL ${days}) AS counted`;
}
