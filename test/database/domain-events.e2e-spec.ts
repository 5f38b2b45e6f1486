import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { REQUIRED_SCOPES, RouteExplorer } from '../../src/modules/auth/index.js';
import { ExpiredFamiliesPurge } from '../../src/modules/auth/infrastructure/expired-families.purge.js';
import { Client, verify } from '../support/builders.js';
import { CHANGING_ROUTES, OWN_ROUTES, surround, type Surroundings } from '../support/changing-routes.js';
import { EventLog, type LoggedEvent } from '../support/event-log.js';
import { eventually } from '../support/eventually.js';
import { PASSWORD, signIn, type SignedIn } from '../support/sign-in.js';
import { TestApp } from '../support/test-app.js';

/** As many as fit into the statement that keys share, twice. */
const KEYS_AT_ONCE = 100;

describe('the events of changes', () => {
  let app: TestApp;
  let log: EventLog;
  let founder: Client;
  let caller: Client;
  let stranger: Client;
  const around = (): Promise<Surroundings> => surround(founder, caller, stranger);
  const names = (events: LoggedEvent[]): string[] => events.map(({ name }) => name);

  beforeAll(async () => {
    app = await TestApp.start();
    log = await EventLog.of(app);
    founder = await Client.signedIn(app);
    caller = await Client.signedIn(app);
    stranger = await Client.signedIn(app);
  });
  afterAll(() => app.stop());

  it('are promised of every route behind an access token that changes anything', () => {
    const explorer = app.nest.get(RouteExplorer);
    const changing = explorer
      .routes()
      .filter((route) => route.method !== 'GET')
      .filter((route) => explorer.metadataOf(REQUIRED_SCOPES, route) !== undefined)
      .map(({ method, path }) => `${method} ${path}`)
      // What it asks for is done, and told, by the service itself, after it was answered.
      .filter((route) => route !== 'POST /auth/email/verification')
      // It asks, and has a body because a key has no place in a URL.
      .filter((route) => route !== 'POST /applications/:id/try-key');
    const promised = [...Object.keys(CHANGING_ROUTES), ...Object.keys(OWN_ROUTES)];
    expect(promised.sort()).toEqual(changing.sort());
  });

  it.each(Object.keys(CHANGING_ROUTES))(
    'are written with %s, and say who did it from where',
    async (route) => {
      const { prepare, events: expected } = CHANGING_ROUTES[route]!;
      const surroundings = await around();
      const { path, body } = await prepare(surroundings);
      const requestId = randomUUID();
      const method = route.split(' ', 1)[0]!.toLowerCase() as 'post';
      const events = await log.during(async () => {
        const { status } = await caller[method](path)
          .set({ 'X-Request-Id': requestId, 'User-Agent': 'a-client/1.0' })
          .send(body);
        expect(status).toBeLessThan(300);
      });
      expect(names(events)).toEqual(expected);
      for (const event of events) {
        expect(event.actor).toEqual({
          issuer: 'local',
          subject: caller.userId,
          tokenId: claimsOf(caller.caller.accessToken).jti,
          address: '127.0.0.1',
          requestId,
          userAgent: 'a-client/1.0',
        });
        expect(event.applicationId).toEqual(
          route === 'POST /applications' ? event.target.id : surroundings.applicationId,
        );
      }
    },
  );

  it.each(Object.keys(OWN_ROUTES))('are written with %s, of nobody but who did it', async (route) => {
    const login = await signIn(app);
    const other = await logInAgain(login);
    const client = new Client(app, login);
    const { prepare, events: expected } = OWN_ROUTES[route]!;
    const { path, body } = prepare(other);
    const method = route.split(' ', 1)[0]!.toLowerCase() as 'delete';
    const events = await log.during(() => client[method](path).send(body).expect(204));
    expect(names(events)).toEqual(expected);
    for (const event of events) {
      expect(event).toMatchObject({
        applicationId: null,
        actor: { issuer: 'local', subject: login.user.id, tokenId: claimsOf(login.accessToken).jti },
      });
      expect(event.target.kind === 'user' ? event.target.id : event.before!.userId).toBe(login.user.id);
    }
  });

  it.each(Object.keys(CHANGING_ROUTES))('are not written of %s by somebody who may not', async (route) => {
    const { path, body } = await CHANGING_ROUTES[route]!.prepare(await around());
    const outsider = await Client.signedIn(app, { scope: 'audit:read' });
    const method = route.split(' ', 1)[0]!.toLowerCase() as 'post';
    expect(await log.during(() => outsider[method](path).send(body).expect(403))).toEqual([]);
  });

  async function logInAgain({ user }: SignedIn): Promise<SignedIn> {
    const login = { email: user.email, password: PASSWORD };
    return (await request(app.http).post('/auth/login').send(login).expect(200)).body as SignedIn;
  }

  it('are taken back with a change that is', async () => {
    const { applicationId } = await around();
    const { id } = await founder.issueKey(applicationId);
    const events = await log.during(async () => {
      // The credits are looked for after the key was written.
      const refill = { amount: 5, interval: 'daily' };
      await founder.patch(`/apikey/${id}`).send({ name: 'b', credits: { refill } }).expect(409);
      await founder
        .patch(`/applications/${applicationId}/limits`)
        .send({ rateLimits: [{ name: 'a', limit: 1, windowSeconds: 1 }], credits: { refill } })
        .expect(409);
    });
    expect(events).toEqual([]);
    expect((await founder.get(`/apikey/${id}`).expect(200)).body).not.toMatchObject({ name: 'b' });
  });

  it('fail a change when whoever they are handed to fails', async () => {
    const { applicationId } = await around();
    const { id } = await founder.issueKey(applicationId);
    const name = 'refused by the log';
    const events = await log.during(async () => {
      expect((await founder.post(`/apikey?ApplicationId=${applicationId}`).send({ name })).status).toBe(500);
      expect((await founder.patch(`/apikey/${id}`).send({ name })).status).toBe(500);
      expect((await founder.patch(`/applications/${applicationId}`).send({ name })).status).toBe(500);
    });
    expect(events).toEqual([]);
    const { body } = await founder.get(`/apikey?ApplicationId=${applicationId}`).expect(200);
    expect(body.data).toHaveLength(1);
    expect(body.data[0].name).not.toBe(name);
  });

  it('are one for each of the keys that share a statement, written by it, and those of no other key', async () => {
    const applications = await Promise.all(Array.from({ length: 4 }, around));
    for (const { applicationId } of applications) await founder.issueKey(applicationId);
    const issued: string[] = [];
    const events = await log.during(() =>
      Promise.all(
        Array.from({ length: KEYS_AT_ONCE }, async (_, i) => {
          const { applicationId } = applications[i % applications.length]!;
          const client = i % 2 === 0 ? founder : caller;
          // The last tenth is refused, and costs nobody else theirs. Whoever shares a statement with one of them has
          // another of their own, so the others come first.
          const isRefused = i >= KEYS_AT_ONCE * 0.9;
          const name = isRefused ? 'refused by the log' : `key ${i}`;
          const response = await client.post(`/apikey?ApplicationId=${applicationId}`).send({ name });
          expect(response.status).toBe(isRefused ? 500 : 200);
          if (response.status === 200) issued.push(`${client.userId} ${response.headers.location!.slice(8)}`);
        }),
      ),
    );
    expect(events.map(({ actor, target }) => `${actor.subject} ${target.id}`).sort()).toEqual(issued.sort());
    const [row] = (await app.query(`
      SELECT count(*)::integer AS together, count(DISTINCT key.xmin::text)::integer AS statements
        FROM logged_events log JOIN api_keys key ON key.id = (log.event -> 'target' ->> 'id')::uuid
       WHERE log.xmin = key.xmin AND log.event ->> 'name' = 'ApiKeyIssued' AND key.name LIKE 'key %'
    `)) as [{ together: number; statements: number }];
    expect(row.together).toBe(issued.length);
    expect(row.statements).toBeLessThan(issued.length);
  });

  it('tell of accounts and sessions, in the name of their person', async () => {
    const events = await log.during(async () => {
      const { user, refreshToken } = await signIn(app);
      const login = { email: user.email, password: PASSWORD };
      const post = (path: string, body: object): request.Test => request(app.http).post(path).send(body);
      const { body } = await post('/auth/login', login).expect(200);
      await post('/auth/refresh', { refreshToken }).expect(200);
      await post('/auth/refresh', { refreshToken }).expect(401);
      await post('/auth/logout', { refreshToken: body.refreshToken }).expect(204);
      await post('/auth/logout', { refreshToken: body.refreshToken }).expect(204);
      await post('/auth/login', { ...login, password: 'a wrong one' }).expect(401);
    });
    expect(names(events)).toEqual([
      'UserRegistered',
      'SignedIn',
      'SignedIn',
      'SessionRefreshed',
      'RefreshTokenReused',
      'SignedOut',
    ]);
    const [registered] = events;
    for (const { actor } of events) {
      expect(actor).toEqual({
        issuer: 'local',
        subject: registered!.target.id,
        tokenId: null,
        address: '127.0.0.1',
        requestId: expect.any(String),
        userAgent: null,
      });
    }
  });

  it('tell of what the service does by itself, in its own name', async () => {
    const { user } = await signIn(app);
    await app.query(
      `UPDATE refresh_token_families
          SET created_at = created_at - interval '1 year', expires_at = expires_at - interval '1 year'
        WHERE user_id = $1`,
      [user.id],
    );
    const purge = app.nest.get(ExpiredFamiliesPurge, { strict: false });
    const events = await log.during(() => purge.run());
    expect(events).toMatchObject([
      {
        name: 'ExpiredRowsPurged',
        applicationId: null,
        after: { deleted: 1 },
        actor: { issuer: 'system', subject: 'purge', tokenId: null, address: null, requestId: null },
      },
    ]);
    expect(await log.during(() => purge.run())).toEqual([]);
  });

  it('tell of the overlap that the first use of a new secret has started', async () => {
    const { applicationId } = await around();
    const { id } = await founder.issueKey(applicationId);
    const rotation = { overlapSeconds: 60, activateOnFirstUse: true };
    const rotated = await founder.post(`/apikey/${id}/rotate`).send(rotation).expect(200);
    const before = (await log.all()).length;
    await verify(app, rotated.body as string);
    const event = await eventually(async () => {
      const [first] = (await log.all()).slice(before);
      if (first === undefined) throw new Error('there is no event yet');
      return first;
    });
    expect(event).toMatchObject({
      name: 'ApiKeyOverlapStarted',
      applicationId,
      target: { kind: 'api_key', id },
      after: { overlapSeconds: 60 },
      actor: { issuer: 'system', subject: 'overlap' },
    });
  });

  it('hold no secret', async () => {
    const { applicationId } = await around();
    const { key, id } = await founder.issueKey(applicationId);
    const rotated = await founder.post(`/apikey/${id}/rotate`).send({}).expect(200);
    const written = JSON.stringify(await log.all());
    const secrets = [
      key,
      rotated.body as string,
      PASSWORD,
      ...[founder, caller].map((client) => client.caller.accessToken),
    ];
    for (const secret of secrets) expect(written).not.toContain(secret);
    expect(written).not.toMatch(/hash|upblit_(live|test)_[0-9A-Za-z]{10}|\$2b\$/i);
  });
});

function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as Record<string, unknown>;
}
