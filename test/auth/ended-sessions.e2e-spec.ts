import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request, { type Response, type Test } from 'supertest';
import { LiveSessions } from '../../src/modules/auth/application/live-sessions.js';
import { forgeToken } from '../support/access-token.js';
import { eventually } from '../support/eventually.js';
import { sessionOf } from '../support/changing-routes.js';
import { addSilentNode, timeOf } from '../support/silent-node.js';
import { PASSWORD, signIn, type SignedIn } from '../support/sign-in.js';
import { TestApp } from '../support/test-app.js';

const NODES = 3;
/** As long as one may be: what holds long before it has run out, holds because every node was told. */
const LONG_LEASE = { VERIFY_LEASE_MS: '10000' };

describe('The access tokens of a session', () => {
  let nodes: TestApp[];
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start({ env: LONG_LEASE });
    const others = Array.from({ length: NODES - 1 }, () =>
      TestApp.start({ env: LONG_LEASE, database: app.database }),
    );
    nodes = [app, ...(await Promise.all(others))];
  });
  afterAll(async () => {
    for (const node of [...nodes].reverse()) await node.stop();
  });

  const use = (node: TestApp, { accessToken }: Pick<SignedIn, 'accessToken'>): Test =>
    request(node.http).get('/auth/me').auth(accessToken, { type: 'bearer' });
  const statuses = (login: Pick<SignedIn, 'accessToken'>): Promise<number[]> =>
    Promise.all(nodes.map(async (node) => (await use(node, login)).status));
  const post = (path: string, body: object): Test => request(nodes[1]!.http).post(`/auth/${path}`).send(body);
  const logInAgain = async ({ user }: SignedIn): Promise<SignedIn> =>
    (await post('login', { email: user.email, password: PASSWORD }).expect(200)).body as SignedIn;

  const WAYS: [string, (login: SignedIn) => Promise<Response>, number][] = [
    ['logging out', ({ refreshToken }) => post('logout', { refreshToken }), 204],
    [
      'showing a spent refresh token',
      async ({ refreshToken }) => {
        await post('refresh', { refreshToken }).expect(200);
        return post('refresh', { refreshToken });
      },
      401,
    ],
    [
      'ending it',
      (login) =>
        request(nodes[2]!.http)
          .delete(`/auth/sessions/${sessionOf(login)}`)
          .auth(login.accessToken, { type: 'bearer' }),
      204,
    ],
    [
      'ending all but another one',
      async (login) => {
        const { accessToken } = await logInAgain(login);
        return request(nodes[2]!.http).delete('/auth/sessions').auth(accessToken, { type: 'bearer' });
      },
      204,
    ],
    [
      'deleting the account',
      (login) =>
        request(nodes[2]!.http)
          .delete('/auth/me')
          .auth(login.accessToken, { type: 'bearer' })
          .send({ password: PASSWORD }),
      204,
    ],
  ];

  it.each(WAYS)('are accepted by no node once %s has been answered', async (_, end, status) => {
    for (let round = 0; round < 5; round += 1) {
      const login = await signIn(app);
      expect(await statuses(login)).toEqual([200, 200, 200]);
      expect((await end(login)).status).toBe(status);
      for (const node of nodes) {
        const answer = await use(node, login);
        expect([answer.status, answer.body.code]).toEqual([401, 'invalid_token']);
        expect(answer.headers['www-authenticate']).toBe('Bearer error="invalid_token"');
      }
    }
  });

  it('end with it that were refreshed, too, and with no other session', async () => {
    const login = await signIn(app);
    const refreshed = (await post('refresh', { refreshToken: login.refreshToken }).expect(200))
      .body as SignedIn;
    const other = await logInAgain(login);
    expect(sessionOf(refreshed)).toBe(sessionOf(login));
    expect(sessionOf(other)).not.toBe(sessionOf(login));
    for (const one of [login, refreshed, other]) expect(await statuses(one)).toEqual([200, 200, 200]);
    await post('logout', { refreshToken: refreshed.refreshToken }).expect(204);
    expect(await statuses(login)).toEqual([401, 401, 401]);
    expect(await statuses(refreshed)).toEqual([401, 401, 401]);
    expect(await statuses(other)).toEqual([200, 200, 200]);
  });

  it.each([
    ['logging out', ({ refreshToken }: SignedIn): Test => post('logout', { refreshToken })],
    [
      'ending all others',
      ({ accessToken }: SignedIn): Test =>
        request(app.http).delete('/auth/sessions').auth(accessToken, { type: 'bearer' }),
    ],
  ])('are waited for by %s, also when nothing is left to end', async (_, end) => {
    const lease = 4000;
    const login = await signIn(app);
    const caller = { ...(await logInAgain(login)), refreshToken: login.refreshToken };
    await end(caller).expect(204);
    await addSilentNode(app, lease);
    // The lease counts from when it is seen first, which may be a little before the call.
    expect(await timeOf(end(caller).expect(204))).toBeGreaterThan(lease / 4);
  });

  it('are asked of the database once by each node, and then found in memory', async () => {
    const login = await signIn(app);
    const sessions = app.nest.get(LiveSessions, { strict: false });
    const id = sessionOf(login);
    expect(sessions.has(id)).toBeInstanceOf(Promise);
    await eventually(async () => {
      expect(await sessions.has(id)).toBe(true);
      expect(sessions.has(id)).toBe(true);
    });
    await post('logout', { refreshToken: login.refreshToken }).expect(204);
    await eventually(async () => {
      expect(await sessions.has(id)).toBe(false);
      expect(sessions.has(id)).toBe(false);
    });
  });

  it('end when their session is deleted by hand, within a lease', async () => {
    const login = await signIn(app);
    expect(await statuses(login)).toEqual([200, 200, 200]);
    await app.query('DELETE FROM refresh_token_families WHERE id = $1', [sessionOf(login)]);
    await eventually(async () => {
      expect(await statuses(login)).toEqual([401, 401, 401]);
    });
  });

  it('without the name of a session, of a version before, are good until they expire', async () => {
    const { user, refreshToken, accessToken } = await signIn(app);
    const { sid: _sid, ...claims } = claimsOf(accessToken);
    const former = { accessToken: forgeToken(app, { claims: { ...claims, sub: user.id } }) };
    expect(await statuses(former)).toEqual([200, 200, 200]);
    await post('logout', { refreshToken }).expect(204);
    expect(await statuses(former)).toEqual([200, 200, 200]);
    const past = Math.floor(Date.now() / 1000) - 11;
    const expired = { accessToken: forgeToken(app, { claims: { ...claims, exp: past } }) };
    expect(await statuses(expired)).toEqual([401, 401, 401]);
  });

  it('are refused of a session that never was, and of one whose name is none', async () => {
    const { user } = await signIn(app);
    for (const sid of ['019b76da-a800-7000-8000-00000000dead', 'none', '', 7, null]) {
      const token = forgeToken(app, { claims: { sub: user.id, sid } });
      expect(await statuses({ accessToken: token })).toEqual([401, 401, 401]);
    }
  });

  it('do not outlive it', async () => {
    const login = await signIn(app);
    await app.query(
      `UPDATE refresh_token_families SET expires_at = clock_timestamp() + interval '90 seconds' WHERE id = $1`,
      [sessionOf(login)],
    );
    const { body } = await post('refresh', { refreshToken: login.refreshToken }).expect(200);
    const { iat, exp } = claimsOf(body.accessToken as string) as { iat: number; exp: number };
    expect(body.expiresIn).toBe(exp - iat);
    expect(exp - iat).toBeLessThanOrEqual(90);
  });
});

function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as Record<string, unknown>;
}
