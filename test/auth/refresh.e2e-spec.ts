import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import request from 'supertest';
import { DataSource } from 'typeorm';
import { ExpiredFamiliesPurge } from '../../src/modules/auth/infrastructure/expired-families.purge.js';
import { FakeClock } from '../support/fake-clock.js';
import { signIn } from '../support/sign-in.js';
import { TestApp } from '../support/test-app.js';

const DAY = 24 * 3600_000;

describe('POST /auth/refresh', () => {
  const clock = new FakeClock();
  let app: TestApp;
  /** A second node on the same database. */
  let other: TestApp;
  beforeAll(async () => {
    app = await TestApp.start({ clock });
    other = await TestApp.start({ clock, database: app.database });
  });
  afterAll(async () => {
    await other.stop();
    await app.stop();
  });

  const refresh = (refreshToken: unknown, node = app): request.Test =>
    request(node.http).post('/auth/refresh').send({ refreshToken });

  async function expectRefused(refreshToken: string): Promise<void> {
    const answer = await refresh(refreshToken);
    expect([answer.status, answer.body.code]).toEqual([401, 'invalid_refresh_token']);
    expect(answer.text).not.toContain(refreshToken);
  }

  it('exchanges a refresh token for new tokens of the same person', async () => {
    const first = await signIn(app);
    const answer = await refresh(first.refreshToken);
    expect(answer.status).toBe(200);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.body.user).toEqual(first.user);
    expect(answer.body.refreshToken).not.toBe(first.refreshToken);
    const me = await request(app.http).get('/auth/me').auth(answer.body.accessToken, { type: 'bearer' });
    expect(me.body.id).toBe(first.user.id);
  });

  it('keeps the scope of the login, refresh after refresh', async () => {
    let { refreshToken } = await signIn(app, { scope: 'audit:read' });
    for (let round = 0; round < 3; round += 1) {
      const answer = await refresh(refreshToken);
      expect(answer.body.scope).toBe('audit:read');
      ({ refreshToken } = answer.body);
    }
  });

  it('ends the whole login when a spent token is shown again, and no other login', async () => {
    const first = await signIn(app);
    const bystander = await signIn(app);
    const second = await refresh(first.refreshToken);
    const third = await refresh(second.body.refreshToken);
    expect(third.status).toBe(200);
    await expectRefused(first.refreshToken);
    await expectRefused(third.body.refreshToken);
    await expectRefused(second.body.refreshToken);
    expect((await refresh(bystander.refreshToken)).status).toBe(200);
  });

  it('lets exactly one of two exchanges at once succeed, on whichever node, and ends the login', async () => {
    for (let round = 0; round < 10; round += 1) {
      const { refreshToken } = await signIn(app);
      const answers = await Promise.all([refresh(refreshToken), refresh(refreshToken, other)]);
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 401]);
      const winner = answers.find(({ status }) => status === 200)!;
      await expectRefused(winner.body.refreshToken);
    }
  });

  it('refuses a token 30 days after the login, however often it was refreshed', async () => {
    let { refreshToken } = await signIn(app);
    for (let day = 0; day < 29; day += 1) {
      clock.advance(DAY);
      const answer = await refresh(refreshToken);
      expect(answer.status).toBe(200);
      ({ refreshToken } = answer.body);
    }
    clock.advance(DAY);
    await expectRefused(refreshToken);
  });

  it('deletes what has run out, and nothing else', async () => {
    const old = await signIn(app);
    clock.advance(29 * DAY);
    const young = await signIn(app);
    clock.advance(DAY);
    await app.nest.get(ExpiredFamiliesPurge).run();
    const rows = await app.nest
      .get(DataSource)
      .query<{ user_id: string }[]>('SELECT user_id FROM refresh_token_families');
    const users = rows.map((row) => row.user_id);
    expect(users).not.toContain(old.user.id);
    expect(users).toContain(young.user.id);
    expect((await refresh(young.refreshToken)).status).toBe(200);
  });

  it.each([
    ['unknown', `upblit_rt_${randomBytes(32).toString('base64url')}`],
    ['malformed', 'upblit_rt_x'],
    ['empty', ''],
    ['an API key', `upblit_live_${'0'.repeat(36)}`],
  ])('refuses a token that is %s', async (_, refreshToken) => {
    const answer = await refresh(refreshToken);
    expect([answer.status, answer.body.code]).toEqual([401, 'invalid_refresh_token']);
  });

  it('refuses an access token', async () => {
    await expectRefused((await signIn(app)).accessToken);
  });

  it.each([undefined, null, 1, ['x'], { token: 'x' }])('refuses a body whose token is %j', async (token) => {
    const answer = await refresh(token);
    expect([answer.status, answer.body.code]).toEqual([400, 'validation_failed']);
  });
});
