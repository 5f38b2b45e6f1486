import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { UsagePurge } from '../../src/modules/usage/infrastructure/usage-purge.js';
import { UsageRollUp } from '../../src/modules/usage/infrastructure/usage-roll-up.js';
import { Client, type CreatedKey } from '../support/builders.js';
import { TestApp } from '../support/test-app.js';

const DAY_MS = 24 * 3600_000;

describe('usage of long ago', () => {
  let nodes: [TestApp, TestApp];
  let app: TestApp;
  let owner: Client;
  let applicationId: string;
  let key: CreatedKey;

  beforeAll(async () => {
    app = await TestApp.start({ env: { USAGE_RETENTION_DAYS: '400' } });
    nodes = [app, await TestApp.start({ database: app.database })];
    owner = await Client.signedIn(app);
  });
  afterAll(async () => {
    await nodes[1].stop();
    await app.stop();
  });
  beforeEach(async () => {
    applicationId = await owner.createApplication();
    key = await owner.issueKey(applicationId);
  });

  /** One verification of two verdicts in every hour of so many days that ended `daysAgo`. */
  async function use(days: number, daysAgo: number): Promise<void> {
    await app.query(
      `INSERT INTO usage_hours (api_key_id, application_id, starts_at, verdict, count)
       SELECT $1, $2, hour, verdict, 1
         FROM generate_series(date_trunc('day', now(), 'UTC') - make_interval(days => $4::integer + $3::integer),
                              date_trunc('day', now(), 'UTC') - make_interval(days => $4::integer, hours => 1),
                              interval '1 hour') AS hour,
              unnest(ARRAY['VALID', 'EXPIRED']) AS verdict`,
      [key.id, applicationId, days, daysAgo],
    );
  }

  function rollUp(node: TestApp): Promise<void> {
    return node.nest.get(UsageRollUp, { strict: false }).run();
  }

  async function usage(days: number): Promise<{ counts: Record<string, number>; buckets: unknown[] }> {
    const from = new Date(Date.now() - days * DAY_MS).toISOString();
    const { body } = await owner.get(`/apikey/${key.id}/usage?from=${from}`).expect(200);
    return body as { counts: Record<string, number>; buckets: unknown[] };
  }

  async function rows(table: string): Promise<number> {
    const [row] = (await app.query(`SELECT count(*)::int AS n FROM ${table} WHERE api_key_id = $1`, [
      key.id,
    ])) as { n: number }[];
    return row!.n;
  }

  it('is joined into days after 90, by several nodes at once, and nobody who asks meanwhile counts anything twice or not at all', async () => {
    await use(60, 80);
    const before = await usage(200);
    expect(before.counts).toMatchObject({ VALID: 60 * 24, EXPIRED: 60 * 24 });
    const over = new AbortController();
    const asked: unknown[] = [];
    const asking = (async () => {
      while (!over.signal.aborted) asked.push(await usage(200));
    })();
    await Promise.all(nodes.map(rollUp));
    over.abort();
    await asking;
    expect(new Set(asked.map((one) => JSON.stringify(one)))).toEqual(new Set([JSON.stringify(before)]));
    // What another node had locked is left to the next time.
    await rollUp(app);
    expect(await rows('usage_hours')).toBe(10 * 24 * 2);
    expect(await rows('usage_days')).toBe(50 * 2);
    expect(await usage(200)).toEqual(before);
  });

  it('is joined with what comes late for a day that has been joined', async () => {
    await use(1, 100);
    await rollUp(app);
    expect(await rows('usage_days')).toBe(2);
    await use(1, 100);
    expect((await usage(200)).counts).toMatchObject({ VALID: 48 });
    await rollUp(app);
    expect((await usage(200)).counts).toMatchObject({ VALID: 48 });
    expect([await rows('usage_hours'), await rows('usage_days')]).toEqual([0, 2]);
  });

  it('can still be asked for by the hour up to the oldest one that is kept', async () => {
    await use(100, 0);
    await rollUp(app);
    const midnight = Math.floor(Date.now() / DAY_MS) * DAY_MS - 90 * DAY_MS;
    const [from, to] = [midnight, midnight + DAY_MS].map((time) => new Date(time).toISOString());
    const path = `/apikey/${key.id}/usage?granularity=hour&from=${from}&to=${to}`;
    const { body } = await owner.get(path).expect(200);
    expect(body.buckets.map(({ counts }: { counts: { VALID: number } }) => counts.VALID)).toEqual(
      Array.from({ length: 24 }, () => 1),
    );
  });

  it('is deleted when its retention is over, and nothing younger is', async () => {
    await use(500, 91);
    await rollUp(app);
    expect(await rows('usage_days')).toBe(500 * 2);
    await app.nest.get(UsagePurge, { strict: false }).run();
    // Of the days from 91 ago, those up to 400 ago are left.
    expect(await rows('usage_days')).toBe(308 * 2);
    await app.nest.get(UsagePurge, { strict: false }).run();
    expect(await rows('usage_days')).toBe(308 * 2);
  });
});
