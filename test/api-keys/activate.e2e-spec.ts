import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Response } from 'supertest';
import { Client, verify, type CreatedKey } from '../support/builders.js';
import { TestApp } from '../support/test-app.js';

const LIMIT = 3;
const TOMORROW = new Date(Date.now() + 86_400_000).toISOString();

describe('a change that makes a key active', () => {
  let app: TestApp;
  let owner: Client;

  beforeAll(async () => {
    app = await TestApp.start({ env: { MAX_ACTIVE_KEYS_PER_APPLICATION: String(LIMIT) } });
    owner = await Client.signedIn(app);
  });
  afterAll(() => app.stop());

  function change({ id }: CreatedKey, changes: object): Promise<Response> {
    return owner.patch(`/apikey/${id}`).send(changes).then();
  }

  async function expire({ id }: CreatedKey): Promise<void> {
    await app.query(`UPDATE api_keys SET expires_at = now() - interval '1 s' WHERE id = $1`, [id]);
  }

  /** An application with as many active keys as it may have, and more that are not active. */
  async function full(deactivate: (key: CreatedKey) => Promise<unknown>): Promise<{
    application: string;
    active: CreatedKey[];
    idle: CreatedKey[];
  }> {
    const application = await owner.createApplication();
    const issue = (): Promise<CreatedKey[]> =>
      Promise.all(Array.from({ length: LIMIT }, () => owner.issueKey(application)));
    const idle = await issue();
    for (const key of idle) await deactivate(key);
    return { application, active: await issue(), idle };
  }

  const disable = (key: CreatedKey): Promise<unknown> => change(key, { enabled: false });

  it.each([
    ['enables it', disable, { enabled: true }],
    ['moves its expiry', expire, { expiresAt: TOMORROW }],
    ['takes its expiry away', expire, { expiresAt: null }],
    [
      'enables it and moves its expiry',
      async (key: CreatedKey) => {
        await disable(key);
        await expire(key);
      },
      { enabled: true, expiresAt: TOMORROW },
    ],
  ])('takes the quota of a new one when it %s', async (_, deactivate, changes) => {
    const { active, idle } = await full(deactivate);
    const refused = await change(idle[0]!, changes);
    expect([refused.status, refused.body.code]).toEqual([409, 'api_key_limit_reached']);
    expect(await verify(app, idle[0]!.key)).toMatchObject({ valid: false });
    await owner.delete(`/apikey/${active[0]!.id}`).expect(204);
    expect((await change(idle[0]!, changes)).status).toBe(200);
    expect(await verify(app, idle[0]!.key)).toMatchObject({ valid: true });
    expect((await change(idle[1]!, changes)).status).toBe(409);
  });

  it('holds the limit, however many are made active and issued at once', async () => {
    const { application, active, idle } = await full(disable);
    await disable(active[0]!);
    await expire(active[1]!);
    const responses = await Promise.all([
      ...idle.map((key) => change(key, { enabled: true })),
      change(active[0]!, { enabled: true }),
      change(active[1]!, { expiresAt: null }),
      ...idle.map(() => owner.post(`/apikey?ApplicationId=${application}`)),
    ]);
    expect(responses.filter(({ status }) => status === 200)).toHaveLength(2);
    const listed = await owner.get(`/apikey?ApplicationId=${application}&status=active`).expect(200);
    expect(listed.body.data).toHaveLength(LIMIT);
  });

  it('takes none when the key is active already, or is not active after it either', async () => {
    const { active, idle } = await full(async (key) => {
      await disable(key);
      await expire(key);
    });
    const [key, disabled] = [active[0]!, idle[0]!];
    for (const changes of [{ enabled: true }, { expiresAt: TOMORROW }, { expiresAt: null }, { name: 'x' }]) {
      expect((await change(key, changes)).status).toBe(200);
    }
    expect((await change(disabled, { enabled: true })).body.status).toBe('expired');
    expect((await change(disabled, { enabled: false, expiresAt: null })).body.status).toBe('disabled');
  });

  it('is not for a key whose application has been deleted', async () => {
    const { application, idle } = await full(disable);
    const [changed, deleted] = await Promise.all([
      change(idle[0]!, { enabled: true }),
      owner.delete(`/applications/${application}`),
    ]);
    expect(deleted.status).toBe(204);
    expect(changed.status).toBeLessThan(500);
    expect(await verify(app, idle[0]!.key)).toEqual({ valid: false, code: 'REVOKED' });
  });
});
