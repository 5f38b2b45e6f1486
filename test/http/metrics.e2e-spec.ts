import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { generateKeyPairSync } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import request from 'supertest';
import { forgedKey, unissuedKey } from '../support/made-up-keys.js';
import { AuditLag } from '../../src/modules/audit/application/audit-lag.js';
import { Checkpoints } from '../../src/modules/audit/application/checkpoints.js';
import { VerificationObservers } from '../../src/modules/verification/application/verification-observer.js';
import { queries, readQuery } from '../observability/queries.js';
import { Client, verify } from '../support/builders.js';
import { TestApp } from '../support/test-app.js';
import { AS_GATEWAY, AS_SERVICE } from '../support/service-key.js';

const AUDIT_SIGNING_KEY = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  .privateKey.export({ type: 'pkcs8', format: 'pem' })
  .toString();

interface Metric {
  type: string;
  labels: string[];
  meaning: string;
}

/** Labels that a sample gets when it is scraped. */
const OF_PROMETHEUS = ['job', 'instance'];

/** What prom-client adds by itself. */
const DEFAULTS = /^(?:nodejs|process)_/;

describe('the metrics', () => {
  let app: TestApp;
  let owner: Client;
  let applicationId: string;

  beforeAll(async () => {
    app = await TestApp.start({
      env: {
        VERIFY_LEASE_MS: '10000',
        RATE_LIMIT_STORE: 'memory',
        BUILD_COMMIT: '0123abc',
        AUDIT_SIGNING_KEY,
      },
    });
    owner = await Client.signedIn(app);
    applicationId = await owner.createApplication();
  });
  afterAll(() => app.stop());

  it('are those that docs/operations/metrics.md describes, with the same types, labels and meanings', async () => {
    const { id, key } = await owner.issueKey(applicationId);
    await verify(app, key);
    await owner.delete(`/apikey/${id}`).expect(204);
    const told = parseMetrics(await render());
    const described = await readTable();
    const defaults = [...told.keys()].filter((name) => DEFAULTS.test(name));
    expect(ours(told)).toEqual(ours(described));
    expect(defaults).toEqual(
      expect.arrayContaining([...described.keys()].filter((name) => DEFAULTS.test(name))),
    );
  });

  it('are all that the rules and the dashboard of docs/observability name, with their labels', async () => {
    const told = parseMetrics(await render());
    const missing: string[] = [];
    for (const { from, expr } of await queries()) {
      const { selectors, grouped } = readQuery(expr);
      const known = new Set(OF_PROMETHEUS);
      for (const { metric, labels } of selectors) {
        const has = [...OF_PROMETHEUS, ...(labelsOf(metric, told) ?? [])];
        if (labelsOf(metric, told) === undefined) missing.push(`${from}: ${metric}`);
        for (const label of labels) if (!has.includes(label)) missing.push(`${from}: ${metric}{${label}}`);
        for (const label of has) known.add(label);
      }
      for (const label of grouped) if (!known.has(label)) missing.push(`${from}: by ${label}`);
    }
    expect(missing).toEqual([]);
  });

  it('are named as Prometheus wants it', async () => {
    for (const [name, { type }] of parseMetrics(await render())) {
      if (DEFAULTS.test(name)) continue;
      expect({ name, isGood: /^upblit_[a-z]+(?:_[a-z]+)*$/.test(name) }).toEqual({ name, isGood: true });
      expect({ name, isTotal: name.endsWith('_total') }).toEqual({ name, isTotal: type === 'counter' });
      if (type === 'histogram') expect(name).toMatch(/_seconds$/);
    }
  });

  it('count every verdict once, by its code and by what it was made of', async () => {
    const limited = { rateLimits: [{ name: 'one', limit: 1, windowSeconds: 3600 }] };
    const [{ key: plain }, { key: once }] = [
      await owner.issueKey(applicationId),
      await owner.issueKey(applicationId, limited),
    ];
    const unknown = unissuedKey();
    const before = await verifications();
    for (const key of [
      plain,
      plain,
      plain,
      once,
      once,
      unknown,
      unknown,
      'no key',
      forgedKey(),
      'x'.repeat(600),
    ]) {
      await verify(app, key);
    }
    await request(app.http).get('/apikey/verify').set(AS_GATEWAY).set('x-api-key', plain).expect(200);
    await request(app.http)
      .post('/apikey/verify/batch')
      .set(AS_SERVICE)
      .send({ keys: [{ key: plain }, { key: once }, { key: 'no key' }] })
      .expect(200);
    expect(difference(await verifications(), before)).toEqual({
      'VALID database': 2,
      'VALID cache': 4,
      'RATE_LIMITED cache': 2,
      'NOT_FOUND database': 1,
      'NOT_FOUND cache': 1,
      'NOT_FOUND form': 4,
    });
  });

  it('tell of limits, credits, the cache, the lease and how long a change takes to hold', async () => {
    const { id, key } = await owner.issueKey(applicationId, {
      rateLimits: [{ name: 'two', limit: 2, windowSeconds: 3600 }],
      credits: { remaining: 1 },
    });
    const before = await render();
    for (let i = 0; i < 4; i++) await verify(app, key);
    await owner.delete(`/apikey/${id}`).expect(204);
    const after = await render();
    const grown = (sample: string): number => valueOf(after, sample) - valueOf(before, sample);
    // One that lacks credits is taken back from the limit, so that none is limited.
    expect(grown('upblit_rate_limit_checks_total{outcome="passed"}')).toBe(4);
    expect(grown('upblit_credit_spendings_total{outcome="granted"}')).toBe(1);
    expect(grown('upblit_credit_spendings_total{outcome="refused"}')).toBe(3);
    expect(grown('upblit_verification_cache_lookups_total{result="miss"}')).toBe(1);
    // Three of the keys, and four of the service key.
    expect(grown('upblit_verification_cache_lookups_total{result="hit"}')).toBe(7);
    expect(grown('upblit_verification_cache_evictions_total{reason="change"}')).toBe(1);
    expect(grown('upblit_change_propagation_seconds_count')).toBe(1);
    expect(valueOf(after, 'upblit_lease_state{state="fresh"}')).toBe(1);
    expect(valueOf(after, 'upblit_lease_renewals_total{result="granted"}')).toBeGreaterThan(0);
    expect(grown('upblit_database_connection_wait_seconds_count')).toBeGreaterThan(0);
  });

  it('count every request by the pattern of its route and its status, on the fast path too, and what has no route as one', async () => {
    const { id, key } = await owner.issueKey(applicationId);
    await verify(app, key);
    const before = samplesOf(await render());
    await verify(app, key);
    await verify(app, 'no key');
    await request(app.http).post('/apikey/verify').set(AS_SERVICE).send({ key: 1 }).expect(400);
    await owner.get(`/apikey/${id}`).expect(200);
    await request(app.http).get(`/apikey/${id}`).expect(401);
    await request(app.http).get(`/nowhere/${id}`).expect(404);
    await request(app.http).get(`/${crypto.randomUUID()}?key=${key}`).expect(404);
    const after = samplesOf(await render());
    const grown = difference(after, before);
    expect(pick(grown, 'upblit_http_requests_total')).toEqual({
      '{method="POST",route="/apikey/verify",status="200"}': 2,
      '{method="POST",route="/apikey/verify",status="400"}': 1,
      '{method="GET",route="/apikey/:id",status="200"}': 1,
      '{method="GET",route="/apikey/:id",status="401"}': 1,
      '{method="GET",route="unmatched",status="404"}': 2,
      '{method="GET",route="/metrics",status="200"}': 1,
    });
    expect(pick(grown, 'upblit_http_request_duration_seconds_count')).toEqual({
      '{method="POST",route="/apikey/verify"}': 3,
      '{method="GET",route="/apikey/:id"}': 2,
      '{method="GET",route="unmatched"}': 2,
      '{method="GET",route="/metrics"}': 1,
    });
  });

  it('tell how much of the audit trail no checkpoint covers, and that checkpoints are signed', async () => {
    const [lag, checkpoints] = [AuditLag, Checkpoints].map((task) =>
      app.nest.get<{ run(): Promise<void> }>(task, { strict: false }),
    );
    await app.query(`UPDATE audit_unsealed SET since = since - interval '30 minutes'`);
    await lag!.run();
    const [{ events } = { events: 0 }] = (await app.query(
      'SELECT count(*)::int AS events FROM audit_events',
    )) as { events: number }[];
    const early = await render();
    expect(events).toBeGreaterThan(0);
    expect(valueOf(early, 'upblit_audit_unsealed_events')).toBe(events);
    expect(valueOf(early, 'upblit_audit_unsealed_age_seconds')).toBeGreaterThanOrEqual(1800);
    await app.query(`UPDATE audit_unsealed SET since = since - interval '30 minutes'`);
    await checkpoints!.run();
    await lag!.run();
    const late = await render();
    expect(valueOf(late, 'upblit_audit_unsealed_events')).toBe(0);
    expect(valueOf(late, 'upblit_audit_unsealed_age_seconds')).toBe(0);
    expect(valueOf(late, 'upblit_audit_checkpoints_total{outcome="signed"}')).toBeGreaterThan(0);
    expect(valueOf(late, 'upblit_audit_checkpoints_total{outcome="failed"}')).toBe(0);
  });

  it('tell what runs', async () => {
    const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
    expect(await render()).toContain(
      `upblit_build_info{version="${version}",commit="0123abc",node="${process.versions.node}"} 1\n`,
    );
  });

  it('give the verdict, and tell the others, though one observer fails', async () => {
    const observers = app.nest.get(VerificationObservers, { strict: false });
    const seen: unknown[] = [];
    observers.subscribe({
      observe: () => {
        throw new Error('an observer that fails');
      },
    });
    observers.subscribe({
      observe: ({ verdict, record, source }) => {
        seen.push([verdict.code, record?.keyId, record?.secretId, source]);
      },
    });
    const { id, key } = await owner.issueKey(applicationId);
    const { secretId } = await verify(app, key);
    await verify(app, key, { applicationId: crypto.randomUUID() });
    await verify(app, 'no key');
    expect(seen).toEqual([
      ['VALID', id, secretId, 'database'],
      ['NOT_FOUND', id, secretId, 'cache'],
      ['NOT_FOUND', undefined, undefined, 'form'],
    ]);
  });

  async function render(): Promise<string> {
    return (await request(app.http).get('/metrics').expect(200)).text;
  }

  async function verifications(): Promise<Map<string, number>> {
    const samples = (await render()).matchAll(
      /^upblit_verifications_total\{code="(\w+)",source="(\w+)"\} (\d+)$/gm,
    );
    return new Map([...samples].map(([, code, source, count]) => [`${code} ${source}`, Number(count)]));
  }
});

function difference(after: Map<string, number>, before: Map<string, number>): Record<string, number> {
  const grown = [...after].map(([name, count]) => [name, count - (before.get(name) ?? 0)] as const);
  return Object.fromEntries(grown.filter(([, count]) => count !== 0));
}

/** The labels of a metric, or of a recorded one, which has them in its name; undefined for what there is not. */
function labelsOf(metric: string, told: Map<string, Metric>): string[] | undefined {
  if (metric.includes(':')) return metric.split(':', 1)[0]?.split('_');
  const whole = told.get(metric)?.labels;
  const part = /^(.+)_(bucket|sum|count)$/.exec(metric);
  if (part?.[1] === undefined || told.get(part[1])?.type !== 'histogram') return whole;
  return [...(told.get(part[1])?.labels ?? []), ...(part[2] === 'bucket' ? ['le'] : [])];
}

/** Every sample with its labels. */
function samplesOf(text: string): Map<string, number> {
  return new Map(
    [...text.matchAll(/^(\w+(?:\{.*\})?) (\S+)$/gm)].map(([, sample = '', value]) => [sample, Number(value)]),
  );
}

/** Those of one name, by their labels. */
function pick(samples: Record<string, number>, name: string): Record<string, number> {
  return Object.fromEntries(
    Object.entries(samples)
      .filter(([sample]) => sample.startsWith(`${name}{`))
      .map(([sample, value]) => [sample.slice(name.length), value]),
  );
}

function valueOf(text: string, sample: string): number {
  const line = text.split('\n').find((each) => each.startsWith(`${sample} `));
  return Number(line?.slice(sample.length) ?? 0);
}

function ours(metrics: Map<string, Metric>): Record<string, Metric> {
  return Object.fromEntries([...metrics].filter(([name]) => !DEFAULTS.test(name)).sort());
}

function parseMetrics(text: string): Map<string, Metric> {
  const metrics = new Map<string, Metric>();
  const types = new Map(
    [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name = '', type = '']) => [name, type]),
  );
  for (const [, name = '', meaning = ''] of text.matchAll(/^# HELP (\w+) (.*)$/gm)) {
    const type = types.get(name) ?? '';
    const labels = new Set<string>();
    for (const [, given = ''] of text.matchAll(
      new RegExp(`^${name}(?:_bucket|_sum|_count)?\\{(.*)\\} `, 'gm'),
    )) {
      for (const [, label = ''] of given.matchAll(/(\w+)="/g)) if (label !== 'le') labels.add(label);
    }
    metrics.set(name, { type, labels: [...labels].sort(), meaning });
  }
  return metrics;
}

async function readTable(): Promise<Map<string, Metric>> {
  const text = await readFile('docs/operations/metrics.md', 'utf8');
  const rows = text.matchAll(/^\| `(\w+)` *\| (\w+) *\| (.*?) *\| (.*?) *\|$/gm);
  return new Map(
    [...rows].map(([, name = '', type = '', labels = '', meaning = '']) => [
      name,
      { type, labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label = '']) => label).sort(), meaning },
    ]),
  );
}
