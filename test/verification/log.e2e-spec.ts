import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { forgedKey } from '../support/made-up-keys.js';
import { Client, type CreatedKey } from '../support/builders.js';
import { eventually } from '../support/eventually.js';
import { TestApp } from '../support/test-app.js';
import { AS_GATEWAY, AS_SERVICE } from '../support/service-key.js';

type Line = Record<string, unknown>;

describe.each(['refused', 'all', 'none'] as const)('LOG_VERIFICATIONS=%s', (mode) => {
  let app: TestApp;
  let applicationId: string;
  let good: CreatedKey;
  let revoked: CreatedKey;
  const lines: string[] = [];
  beforeAll(async () => {
    app = await TestApp.start({
      env: { LOG_LEVEL: 'info', LOG_VERIFICATIONS: mode },
      log: { write: (line) => lines.push(line) },
    });
    const client = await Client.signedIn(app);
    applicationId = await client.createApplication();
    good = await client.issueKey(applicationId);
    revoked = await client.issueKey(applicationId);
    await client.delete(`/apikey/${revoked.id}`).expect(204);
  });
  afterAll(() => app.stop());

  const linesOf = (id: string): Line[] =>
    lines.map((line) => JSON.parse(line) as Line).filter(({ reqId }) => reqId === id);

  it('says of the verifications that it names which request, key, code and address it was', async () => {
    const ask = (id: string, body: object): request.Test =>
      request(app.http).post('/apikey/verify').set(AS_SERVICE).set('x-request-id', id).send(body);
    // The first one takes the slow path, the others the fast one.
    for (const turn of ['slow', 'fast', 'fast-again']) {
      await ask(`bad-${turn}`, { key: revoked.key, ip: '192.0.2.1' }).expect(200);
      await ask(`good-${turn}`, { key: good.key }).expect(200);
      const bad = {
        msg: 'refused',
        code: 'REVOKED',
        keyId: revoked.id,
        applicationId,
        client: expect.stringMatching(/127\.0\.0\.1$/),
        ip: '192.0.2.1',
      };
      expect(linesOf(`bad-${turn}`)).toEqual(mode === 'none' ? [] : [expect.objectContaining(bad)]);
      expect(linesOf(`good-${turn}`)).toEqual(
        mode === 'all' ? [expect.objectContaining({ msg: 'verified', code: 'VALID', keyId: good.id })] : [],
      );
    }
    await request(app.http)
      .get('/apikey/verify')
      .set(AS_GATEWAY)
      .set({ 'x-api-key': revoked.key, 'x-request-id': 'by-gateway' })
      .expect(401);
    expect(linesOf('by-gateway').filter(({ msg }) => msg === 'refused')).toHaveLength(
      mode === 'none' ? 0 : 1,
    );
    for (const { key } of [good, revoked]) expect(lines.join('')).not.toContain(key.slice(-12));
  });

  it('never lets a flood of junk become one of lines', async () => {
    if (mode === 'all') return;
    const before = lines.length;
    const keys = Array.from({ length: 100 }, () => ({ key: forgedKey() }));
    for (let i = 0; i < 3; i += 1) {
      await request(app.http).post('/apikey/verify/batch').set(AS_SERVICE).send({ keys }).expect(200);
    }
    const refused = (): Line[] =>
      lines
        .slice(before)
        .map((line) => JSON.parse(line) as Line)
        .filter(({ context }) => context === 'Verification');
    if (mode === 'none') {
      expect(refused()).toEqual([]);
      return;
    }
    await eventually(() => {
      const more = refused().filter(({ msg }) => msg === 'further refusals have no line of their own');
      const own = refused().length - more.length;
      const told = more.reduce((sum, { refused: count }) => sum + Number(count), 0);
      // What was asked before counts in the same second.
      expect(own + told).toBeGreaterThanOrEqual(300);
      expect(own).toBeLessThan(200);
    });
  });
});
