import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { Readable } from 'node:stream';
import { Logger } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { Metrics } from '../../src/infrastructure/metrics/metrics.js';
import { startTracing, Tracing } from '../../src/infrastructure/tracing/tracing.js';
import { CheckpointKeys, verifyExport } from '../../src/modules/audit/index.js';
import { Client, verify, type Caller } from '../support/builders.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { AS_SERVICE, SERVICE_KEY } from '../support/service-key.js';
import { TestApp } from '../support/test-app.js';
import { attributesOf, OtlpReceiver, type ReceivedSpan } from './otlp-receiver.js';

const AUDIT_SIGNING_KEY = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  .privateKey.export({ type: 'pkcs8', format: 'pem' })
  .toString();

const SERVER = 2;

let database: TestDatabase;
/** Was changed while nothing was traced. */
let applicationId: string;
let untraced: TestApp;
let caller: Caller;

beforeAll(async () => {
  database = await createTestDatabase();
  untraced = await TestApp.start({ database });
});
afterAll(async () => {
  await untraced.stop();
  await database.drop();
});

// First in this file: what is loaded stays loaded.
describe('without OTEL_EXPORTER_OTLP_ENDPOINT', () => {
  it('nothing of OpenTelemetry is loaded, no listener is put before requests, and no event names a trace', async () => {
    const owner = await Client.signedIn(untraced);
    applicationId = await owner.createApplication();
    caller = owner.caller;
    await owner.get(`/applications/${applicationId}`).set('traceparent', newTrace().header).expect(200);
    expect(loadedPackages()).toEqual([]);
    expect(untraced.http.listenerCount('request')).toBe(1);
    const events = await untraced.query(`SELECT event FROM audit_events WHERE event::text LIKE '%traceId%'`);
    expect(events).toEqual([]);
  });

  it('and with it, but without the packages, the service says in a sentence that nothing is traced', async () => {
    const said: unknown[] = [];
    Logger.overrideLogger({
      log: () => undefined,
      error: () => undefined,
      warn: (line: unknown) => said.push(line),
    });
    const env = { ...untraced.env, OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' };
    const missing = new URL('./no-such-package.js', import.meta.url).href;
    const { tracer } = await startTracing(env, new Metrics(), () => import(missing) as never);
    Logger.overrideLogger(false);
    expect(tracer).toBeUndefined();
    expect(said).toEqual([
      'Nothing is traced: OTEL_EXPORTER_OTLP_ENDPOINT is set, and the optional packages of OpenTelemetry are not installed.',
    ]);
  });
});

describe('traces', () => {
  let receiver: OtlpReceiver;
  let app: TestApp;
  let owner: Client;
  const lines: string[] = [];

  beforeAll(async () => {
    receiver = await OtlpReceiver.start();
    app = await TestApp.start({
      database,
      env: {
        AUDIT_SIGNING_KEY,
        LOG_LEVEL: 'info',
        OTEL_EXPORTER_OTLP_ENDPOINT: `${receiver.url}/`,
        OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20of-the-collector',
        VERIFY_LEASE_MS: '10000',
      },
      log: { write: (line) => void lines.push(line) },
    });
    owner = await Client.signedIn(app);
  });
  afterAll(async () => {
    await app.stop();
    await receiver.stop();
  });

  it("have a request by its route within the caller's span, its unit of work, and its statements by name", async () => {
    const { traceId, spanId, header } = newTrace();
    const id = await owner.createApplication();
    await owner.patch(`/applications/${id}`).set('traceparent', header).send({ name: 'traced' }).expect(200);
    const [server] = await received(traceId, SERVER);
    expect(server).toMatchObject({ name: 'PATCH /applications/:id', parentSpanId: spanId });
    expect(attributesOf(server!)).toEqual({
      'http.request.method': 'PATCH',
      'http.route': '/applications/:id',
      'http.response.status_code': 200,
    });
    const spans = receiver.ofTrace(traceId);
    const unit = spans.find(({ name }) => name === 'unit of work');
    expect(unit?.parentSpanId).toBe(server!.spanId);
    const within = spans.filter(({ parentSpanId }) => parentSpanId === unit!.spanId).map(({ name }) => name);
    expect(within).toEqual(expect.arrayContaining(['START', 'UPDATE', 'SELECT', 'COMMIT']));
  });

  it('have verifications on the fast path, with the query of a key that is not in memory', async () => {
    const { key } = await owner.issueKey(await owner.createApplication());
    await verify(app, 'no key');
    const [cold, warm] = [newTrace(), newTrace()];
    for (const { header } of [cold, warm]) {
      await request(app.http)
        .post('/apikey/verify')
        .set(AS_SERVICE)
        .set('traceparent', header)
        .send({ key })
        .expect(200);
    }
    for (const { traceId, spanId } of [cold, warm]) {
      const [server] = await received(traceId, SERVER);
      expect(server).toMatchObject({ name: 'POST /apikey/verify', parentSpanId: spanId });
    }
    expect(receiver.ofTrace(cold.traceId).length).toBeGreaterThan(1);
    expect(receiver.ofTrace(warm.traceId)).toHaveLength(1);
  });

  it('are named in the log and in audit events, and the events of before are verified with them', async () => {
    const { traceId, header } = newTrace();
    const before = new Client(app, caller);
    const { headers } = await before
      .patch(`/applications/${applicationId}`)
      .set('traceparent', header)
      .send({ name: 'in a trace' })
      .expect(200);
    const requestId = headers['x-request-id'];
    const { body } = await before.get(`/applications/${applicationId}/audit`).expect(200);
    const [last, first] = (body as { data: { actor: object }[] }).data;
    expect(last!.actor).toMatchObject({ traceId, requestId });
    expect(first!.actor).not.toHaveProperty('traceId');
    await eventually(() => {
      const line = lines.find((each) => each.includes(String(requestId))) ?? '{}';
      expect(JSON.parse(line)).toMatchObject({ traceId, route: '/applications/:id' });
    });
    const { text } = await before.get(`/applications/${applicationId}/audit/export`).buffer().expect(200);
    const exported = text.split('\n').filter((line) => line !== '');
    expect(exported.filter((line) => line.includes(traceId))).toHaveLength(1);
    const jwks = await request(app.http).get('/.well-known/jwks.json').expect(200);
    const verdict = await verifyExport(() => Readable.from(exported) as AsyncIterable<string>, {
      keys: CheckpointKeys.ofJwks(jwks.body),
      known: [],
      progress: () => undefined,
    });
    expect(verdict).toMatchObject({ chains: 1, events: exported.length - 1, findings: [] });
  });

  it('tell of the preview of an import, which is taken back on purpose, as of what has gone well', async () => {
    const { traceId, header } = newTrace();
    const { body } = await owner
      .post(`/apikey/import?ApplicationId=${await owner.createApplication()}&dryRun=true`)
      .set('traceparent', header)
      .send({ keys: [{ sha256: randomBytes(32).toString('hex') }] })
      .expect(200);
    expect(body).toEqual({ results: [{ outcome: 'importable' }] });
    await received(traceId, SERVER);
    const spans = receiver.ofTrace(traceId);
    expect(spans.map(({ name }) => name)).toEqual(expect.arrayContaining(['unit of work', 'ROLLBACK']));
    for (const span of spans) expect([span.name, span.status.code ?? 0]).toEqual([span.name, 0]);
  });

  it('are kept where the caller keeps its own, and nowhere else', async () => {
    const [dropped, kept] = [newTrace(false), newTrace()];
    for (const { header } of [dropped, kept]) {
      await owner.get(`/applications/${applicationId}`).set('traceparent', header);
    }
    await received(kept.traceId, SERVER);
    expect(receiver.ofTrace(dropped.traceId)).toEqual([]);
  });

  it.each([
    ['is no traceparent', 'anything'],
    ['has a version that there must not be', `ff-${'a'.repeat(32)}-${'b'.repeat(16)}-01`],
    ['has more after it than its version has', `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01-more`],
    ['is in capitals', `00-${'A'.repeat(32)}-${'b'.repeat(16)}-01`],
    ['names no trace', `00-${'0'.repeat(32)}-${'b'.repeat(16)}-01`],
    ['names no span', `00-${'a'.repeat(32)}-${'0'.repeat(16)}-01`],
    ['is far too long', `01-${'a'.repeat(32)}-${'b'.repeat(16)}-01-${'c'.repeat(5000)}`],
    [
      'repeats a credential',
      `00-${Buffer.from(SERVICE_KEY.slice(-16)).toString('hex')}-${'b'.repeat(16)}-01`,
    ],
  ])('begin anew with what %s', async (_, header) => {
    const marker = `/${randomBytes(8).toString('hex')}`;
    const before = receiver.spans.length;
    await request(app.http).get(marker).set(AS_SERVICE).set('traceparent', header).expect(404);
    const span = await eventually(() => {
      const found = receiver.spans.slice(before).find(({ name }) => name === 'GET unmatched');
      expect(found).toBeDefined();
      return found!;
    });
    expect(span.parentSpanId ?? '').toBe('');
    expect(header).not.toContain(span.traceId);
  });

  it('hold no secret, no id, no query and nothing that was sent', async () => {
    const { key, id } = await owner.issueKey(await owner.createApplication({ name: 'a name of somebody' }));
    const { traceId, header } = newTrace();
    await verify(app, key);
    await request(app.http)
      .get(`/apikey/self?key=${key}`)
      .set('x-api-key', key)
      .set('traceparent', header)
      .expect(400);
    await owner.get(`/apikey/${id}`).expect(200);
    await received(traceId, SERVER);
    for (const secret of [
      key,
      SERVICE_KEY,
      owner.caller.accessToken,
      id,
      'a name of somebody',
      '$1',
      'apikey/self?',
    ]) {
      expect(receiver.text).not.toContain(secret);
    }
    expect(receiver.headers.at(-1)?.authorization).toBe('Bearer of-the-collector');
  });

  it('tell that a request has failed, and not with what', async () => {
    const { traceId, header } = newTrace();
    const call = await request(app.http).get('/apikey/not-an-id').set('traceparent', header);
    expect(call.status).toBe(401);
    const [server] = await received(traceId, SERVER);
    expect(server!.status.code ?? 0).toBe(0);
    expect(loadedPackages().length).toBeGreaterThan(0);
  });

  /** The spans of a trace once those of this kind have come. */
  async function received(traceId: string, kind: number): Promise<ReceivedSpan[]> {
    return eventually(() => {
      const found = receiver.ofTrace(traceId).filter((span) => span.kind === kind);
      expect(found).toHaveLength(1);
      return found;
    });
  }
});

describe('OTEL_TRACES_SAMPLER_ARG', () => {
  it('holds for traces that a caller keeps, whatever their id, and the id is named all the same', async () => {
    const receiver = await OtlpReceiver.start();
    const lines: string[] = [];
    const app = await TestApp.start({
      database,
      env: {
        LOG_LEVEL: 'info',
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
        OTEL_TRACES_SAMPLER_ARG: '0.5',
      },
      log: { write: (line) => void lines.push(line) },
    });
    const call = (header: string): Promise<unknown> =>
      request(app.http).get('/apikey/not-an-id').set('traceparent', header).expect(401);
    // The lowest and the highest, which a sampler that goes by the id would always keep, or never.
    const chosen = [`${'0'.repeat(31)}1`, 'f'.repeat(32)];
    const calls = 64;
    for (const traceId of chosen) {
      for (let i = 0; i < calls; i += 1) await call(`00-${traceId}-${'b'.repeat(16)}-01`);
    }
    const dropped = newTrace(false);
    for (let i = 0; i < calls; i += 1) await call(dropped.header);
    await app.stop();
    await receiver.stop();
    for (const traceId of chosen) {
      // All or none would be a chance of one in 2 to the power of 63.
      expect(receiver.ofTrace(traceId).length).toBeGreaterThan(0);
      expect(receiver.ofTrace(traceId).length).toBeLessThan(calls);
    }
    expect(receiver.ofTrace(dropped.traceId)).toEqual([]);
    const named = lines.filter((line) => line.includes(dropped.traceId) || line.includes(chosen[0]!));
    expect(named).toHaveLength(2 * calls);
  });
});

describe('where traces are sent to', () => {
  it.each(['hangs', 'is away'])('harms no request and no end of the service when it %s', async (how) => {
    const receiver = await OtlpReceiver.start(true);
    const { url } = receiver;
    if (how === 'is away') await receiver.stop();
    const app = await TestApp.start({ database, env: { OTEL_EXPORTER_OTLP_ENDPOINT: url } });
    const client = await Client.signedIn(app);
    const { key } = await client.issueKey(await client.createApplication());
    expect(await verify(app, key)).toMatchObject({ valid: true });
    const { tracer } = app.nest.get(Tracing, { strict: false });
    await app.stop();
    receiver.answerAll();
    // What was under way at the end goes on for a while, with timers of its own.
    await tracer?.stop(60_000);
    if (how === 'hangs') await receiver.stop();
  });

  it('is not waited for at the end as long as a batch may take', async () => {
    const { OpenTelemetryTracer } = await import('../../src/infrastructure/tracing/open-telemetry.js');
    const receiver = await OtlpReceiver.start(true);
    const counts = { sent: 0, failed: 0 };
    const tracer = new OpenTelemetryTracer({
      endpoint: receiver.url,
      headers: {},
      serviceName: 'test',
      ratio: 1,
      exportTimeoutMs: 3_600_000,
      counts,
    });
    tracer.begin('a span', {})?.end();
    await tracer.stop();
    expect(counts).toEqual({ sent: 0, failed: 0 });
    // The batch had been sent, and was neither answered nor given up.
    expect(receiver.waiting).toBe(1);
    receiver.answerAll();
    await eventually(() => {
      expect(counts).toEqual({ sent: 1, failed: 0 });
    });
    await receiver.stop();
  });
});

/** @param isKept whether the caller keeps it */
function newTrace(isKept = true): { traceId: string; spanId: string; header: string } {
  const [traceId, spanId] = [randomBytes(16).toString('hex'), randomBytes(8).toString('hex')];
  return { traceId, spanId, header: `00-${traceId}-${spanId}-${isKept ? '01' : '00'}` };
}

/**
 * Files of OpenTelemetry that this process has loaded: its packages are CommonJS, which has a list. Its API, which does
 * nothing by itself, comes with prom-client.
 */
function loadedPackages(): string[] {
  const { cache } = createRequire(import.meta.url);
  return Object.keys(cache).filter((path) => /\/@opentelemetry\/(?!api\/)/.test(path));
}
