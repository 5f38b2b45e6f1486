import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { Client, verify } from '../support/builders.js';
import { AS_SERVICE } from '../support/service-key.js';
import { TestApp } from '../support/test-app.js';

/* No flush comes in these tests: what is in the database was written with the credits that it has cost. */
describe('usage that spends credits', () => {
  let app: TestApp;
  let owner: Client;

  beforeAll(async () => {
    app = await TestApp.start({ env: { USAGE_FLUSH_MS: '3600000' } });
    owner = await Client.signedIn(app);
  });
  afterAll(() => app.stop());

  async function counts(path: string): Promise<unknown> {
    const { body } = await owner.get(path).expect(200);
    return Object.fromEntries(
      Object.entries(body.counts as Record<string, number>).filter(([, count]) => count > 0),
    );
  }

  it('is counted when it is answered, what was paid for and what was not', async () => {
    const applicationId = await owner.createApplication();
    const { id, key } = await owner.issueKey(applicationId, { credits: { remaining: 3 } });
    const codes = await Promise.all(Array.from({ length: 8 }, async () => (await verify(app, key)).code));
    expect(codes.filter((code) => code === 'VALID')).toHaveLength(3);
    expect(await counts(`/apikey/${id}/usage`)).toEqual({ VALID: 3, USAGE_EXCEEDED: 5 });
    await verify(app, key, { cost: 0 });
    expect(await counts(`/apikey/${id}/usage?granularity=hour`)).toEqual({ VALID: 4, USAGE_EXCEEDED: 5 });
  });

  it('is counted for the key that was shown, where keys spend the credits of their application', async () => {
    const applicationId = await owner.createApplication();
    await owner
      .patch(`/applications/${applicationId}/limits`)
      .send({ credits: { remaining: 5 } })
      .expect(200);
    const [a, b] = [await owner.issueKey(applicationId), await owner.issueKey(applicationId)];
    const asked = [a, b, b, a, a, b, b];
    const { body } = await request(app.http)
      .post('/apikey/verify/batch')
      .set(AS_SERVICE)
      .send({ keys: asked.map(({ key }) => ({ key })) })
      .expect(200);
    const told = { [a.id]: { VALID: 0, USAGE_EXCEEDED: 0 }, [b.id]: { VALID: 0, USAGE_EXCEEDED: 0 } };
    (body.results as { code: 'VALID' | 'USAGE_EXCEEDED' }[]).forEach(({ code }, i) => {
      told[asked[i]!.id]![code] += 1;
    });
    expect(told[a.id]!.VALID + told[b.id]!.VALID).toBe(5);
    for (const { id } of [a, b]) {
      expect(await counts(`/apikey/${id}/usage`)).toEqual(
        Object.fromEntries(Object.entries(told[id]!).filter(([, count]) => count > 0)),
      );
    }
    expect(await counts(`/applications/${applicationId}/usage`)).toEqual({ VALID: 5, USAGE_EXCEEDED: 2 });
  });

  it('is not counted again by the flush of a shutdown', async () => {
    const node = await TestApp.start({ database: app.database, env: { USAGE_FLUSH_MS: '3600000' } });
    const { id, key } = await owner.issueKey(await owner.createApplication(), { credits: { remaining: 2 } });
    for (let i = 0; i < 3; i++) await verify(node, key);
    await verify(node, key, { scopes: ['a'] });
    await node.stop();
    const expected = { VALID: 2, USAGE_EXCEEDED: 1, INSUFFICIENT_PERMISSIONS: 1 };
    expect(await counts(`/apikey/${id}/usage`)).toEqual(expected);
  });
});
