import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import request from 'supertest';
import { Client, foreignKey, verify, type CreatedKey } from '../support/builders.js';
import { HeldTurns } from '../support/held-turns.js';
import { forgedKey } from '../support/made-up-keys.js';
import { TestApp } from '../support/test-app.js';

const TYPE = 'upblit_api_key';
const signer = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const later = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ID = 'a'.repeat(64);
const LATER_ID = 'b'.repeat(64);

const pem = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }).toString();

/** What is served as GitHub's keys, and how often somebody has asked. */
class KeyServer {
  asked = 0;
  answer: { status: number; body: string } = { status: 200, body: '' };
  private readonly server: Server;

  constructor() {
    this.server = createServer((_, response) => {
      this.asked += 1;
      response.writeHead(this.answer.status, { location: 'http://127.0.0.1:1/' }).end(this.answer.body);
    });
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/keys`;
  }

  serve(...keys: unknown[]): void {
    this.answer = { status: 200, body: JSON.stringify({ public_keys: keys }) };
  }

  async stop(): Promise<void> {
    await new Promise((resolve) => this.server.close(resolve));
  }
}

describe('POST /leaks/github', () => {
  const keys = new KeyServer();
  let url: string;
  let app: TestApp;
  let owner: Client;
  let applicationId: string;
  let leaked: CreatedKey;
  beforeAll(async () => {
    url = await keys.start();
    keys.serve(
      null,
      { key_identifier: 'c'.repeat(64), key: 'no key' },
      { key_identifier: ID, key: pem(signer.publicKey), is_current: true },
    );
    app = await TestApp.start({ env: { LEAKS_GITHUB: 'on', LEAKS_GITHUB_KEYS_URL: url } });
    owner = await Client.signedIn(app);
    applicationId = await owner.createApplication();
  });
  afterAll(async () => {
    await app.stop();
    await keys.stop();
  });
  beforeEach(async () => {
    leaked = await owner.issueKey(applicationId);
  });

  const post = (body: string, headers: Record<string, string>, node = app): request.Test =>
    request(node.http).post('/leaks/github').set('Content-Type', 'application/json').set(headers).send(body);
  const signed = (body: string, key = signer.privateKey, id = ID): Record<string, string> => ({
    'Github-Public-Key-Identifier': id,
    'Github-Public-Key-Signature': sign('sha256', Buffer.from(body), key).toString('base64'),
  });
  const message = (...leaks: object[]): string =>
    JSON.stringify(leaks.map((leak) => ({ type: TYPE, url: '', source: 'content', ...leak })));
  const send = (body: string): request.Test => post(body, signed(body));
  const show = async (id = leaked.id): Promise<Record<string, unknown>> =>
    (await owner.get(`/apikey/${id}`).expect(200)).body as Record<string, unknown>;
  const hash = (text: string): string => createHash('sha256').update(text).digest('hex');

  it('does with keys what the policy says, and tells GitHub which were keys without saying one again', async () => {
    const revoked = await owner.issueKey(applicationId);
    await owner.delete(`/apikey/${revoked.id}`).expect(204);
    const foreign = foreignKey();
    await owner.importKeys(applicationId, [foreign]);
    const forged = forgedKey();
    const place = 'https://github.com/octocat/hello-world/blob/1234567/.env';
    const tokens = [leaked.key, revoked.key, foreign, forged, 'x'.repeat(2000), leaked.key];
    const answer = await send(
      message(
        ...tokens.map((token) => ({ token, url: `${place}?token=${token.slice(0, 60)}#L1`, more: [1] })),
      ),
    ).expect(200);
    const labels = ['true', 'true', 'true', 'false', 'false', 'true'];
    expect(answer.body).toEqual(
      tokens.map((token, i) => ({
        token_hash: hash(token),
        token_type: TYPE,
        label: `${labels[i]}_positive`,
      })),
    );
    expect(await verify(app, leaked.key)).toEqual({ valid: false, code: 'REVOKED' });
    expect(await verify(app, foreign, { applicationId })).toEqual({ valid: false, code: 'REVOKED' });
    expect(await show()).toMatchObject({
      status: 'revoked',
      leakedAt: expect.any(String),
      leakedFrom: place,
    });
    expect(await show(revoked.id)).toMatchObject({ leakedAt: null });
    const { body } = await owner.get(`/applications/${applicationId}/audit?limit=100`).expect(200);
    const [event] = (body.data as { action: string; target: { id: string } }[]).filter(
      ({ action, target }) => action === 'ApiKeyLeaked' && target.id === leaked.id,
    );
    expect(event).toMatchObject({ after: { reportedBy: 'github', leakedFrom: place } });
    expect(JSON.stringify(body)).not.toContain(leaked.key.slice(12, -4));
  });

  it.each([
    ['', null],
    ['not a URL', null],
    ['javascript:alert(1)', null],
    ['http://example.com/x', null],
    ['https://user:password@example.com/x?y#z', 'https://example.com/x'],
    ['https://example.com/KEY/x', 'https://example.com/…'],
    ['https://example.com/ENCODED/x', 'https://example.com/…'],
    [`https://example.com/${'x'.repeat(1000)}`, `https://example.com/${'x'.repeat(480)}`],
  ])('keeps of the place %s no more than can be shown', async (from, kept) => {
    await owner.patch(`/applications/${applicationId}/policy`).send({ onLeak: 'flag' }).expect(200);
    const url = from.replace('KEY', leaked.key).replace('ENCODED', `%75${leaked.key.slice(1)}`);
    await send(message({ token: leaked.key, url })).expect(200);
    expect((await show()).leakedFrom).toBe(kept);
    await owner.patch(`/applications/${applicationId}/policy`).send({ onLeak: 'revoke' }).expect(200);
  });

  it('does nothing for a body that GitHub has not signed, byte for byte', async () => {
    const body = message({ token: leaked.key });
    const good = signed(body);
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    const p1363 = sign('sha256', Buffer.from(body), { key: signer.privateKey, dsaEncoding: 'ieee-p1363' });
    const attempts: [string, Record<string, string>][] = [
      [body, {}],
      [body, { 'Github-Public-Key-Identifier': ID }],
      [`${body} `, good],
      [body.replace('content', 'commit'), good],
      [body, signed(body, other)],
      [body, signed(body, signer.privateKey, 'd'.repeat(64))],
      [body, signed(body, signer.privateKey, '__proto__')],
      [body, { ...good, 'Github-Public-Key-Signature': p1363.toString('base64') }],
      [body, { ...good, 'Github-Public-Key-Signature': '' }],
      [body, { ...good, 'Github-Public-Key-Signature': 'A'.repeat(5000) }],
      [body, { ...good, 'Github-Public-Key-Signature': `${good['Github-Public-Key-Signature']}AAAA` }],
      ['', signed('x')],
    ];
    for (const [sent, headers] of attempts) {
      const answer = await post(sent, headers);
      expect([answer.status, answer.body.code]).toEqual([401, 'invalid_signature']);
    }
    expect(await verify(app, leaked.key)).toMatchObject({ valid: true });
    await post(body, good).expect(200);
  });

  it.each([
    '',
    '{',
    '{}',
    'null',
    '[1]',
    '[null]',
    '[{}]',
    '[{"token":1,"type":"x"}]',
    '[{"token":"","type":"x"}]',
    '[{"token":"x"}]',
    '['.repeat(100_000),
    `[{"token":"x","type":"${'x'.repeat(300)}"}]`,
    JSON.stringify(Array.from({ length: 20_001 }, () => ({ token: 'x', type: 'x' }))),
  ])('refuses what is no message of it, though it is signed: %#', async (body) => {
    const answer = await send(body);
    expect([answer.status, answer.body.code]).toEqual([
      400,
      expect.stringMatching(/^(validation_failed|malformed_json)$/),
    ]);
  });

  it('takes an empty message, one of thousands of strings, and none of another type or size', async () => {
    expect((await send('[]').expect(200)).body).toEqual([]);
    const many = message(...Array.from({ length: 2000 }, () => ({ token: forgedKey() })), {
      token: leaked.key,
    });
    const { body } = await send(many).expect(200);
    expect((body as { label: string }[]).filter(({ label }) => label === 'true_positive')).toHaveLength(1);
    const large = `["${'x'.repeat(4 * 1024 * 1024)}"]`;
    await post(large, signed(large)).expect(413);
    await post('[]', { ...signed('[]'), 'Content-Type': 'text/plain' }).expect(415);
    await request(app.http)
      .post('/leaks/github?x=1')
      .set(signed('[]'))
      .set('Content-Type', 'application/json')
      .send('[]')
      .expect(400);
    await request(app.http).get('/leaks/github').expect(405);
  });

  it.each([
    ['objects', '{}'],
    ['lists', '[[[[[]]]]]'],
    ['strings', '"x"'],
    ['leaks, more of them than it takes', '{"token":"x","type":"x","url":"https://example.com/x"}'],
  ])('holds nobody up with 4 MiB of %s', async (_, element) => {
    const body = `[${Array<string>(Math.floor((4 * 1024 * 1024 - 2) / (element.length + 1)))
      .fill(element)
      .join(',')}]`;
    const headers = signed(body);
    const held = new HeldTurns();
    let turn = Infinity;
    try {
      for (let tries = 0; tries < 8 && turn > 25; tries++) {
        held.longest();
        await post(body, headers).expect(400);
        turn = Math.min(turn, held.longest());
      }
    } finally {
      held.stop();
    }
    expect(turn).toBeLessThanOrEqual(25);
  });

  it('looks all of a message up, in turns, where there are keys that are older than tags', async () => {
    await app.query(`UPDATE api_key_secrets SET tag_version = NULL WHERE api_key_id = $1`, [leaked.id]);
    const node = await TestApp.start({
      database: app.database,
      env: { LEAKS_GITHUB: 'on', LEAKS_GITHUB_KEYS_URL: url },
    });
    try {
      const junk = Array.from({ length: 150 }, () => ({ token: forgedKey() }));
      const body = message(...junk, { token: leaked.key });
      const { body: feedback } = await post(body, signed(body), node).expect(200);
      const labels = (feedback as { label: string }[]).map(({ label }) => label);
      expect(labels.filter((label) => label === 'true_positive')).toHaveLength(1);
    } finally {
      await node.stop();
    }
    expect(await verify(app, leaked.key)).toEqual({ valid: false, code: 'REVOKED' });
  });

  it('asks for the keys once for all, at a bounded rate for ids that nobody has, and calls nothing forged when it cannot', async () => {
    keys.asked = 0;
    keys.answer = { status: 500, body: '' };
    const node = await TestApp.start({
      database: app.database,
      env: { LEAKS_GITHUB: 'on', LEAKS_GITHUB_KEYS_URL: url },
    });
    try {
      const body = message({ token: leaked.key });
      for (let i = 0; i < 3; i += 1) {
        const answer = await post(body, signed(body), node).expect(503);
        expect(answer.headers['retry-after']).toMatch(/^\d+$/);
      }
      expect(keys.asked).toBe(1);
    } finally {
      await node.stop();
    }
    for (const bad of [
      { status: 302, body: '' },
      { status: 200, body: 'x'.repeat(300_000) },
      { status: 200, body: '[]' },
    ]) {
      keys.answer = bad;
      const again = await TestApp.start({
        database: app.database,
        env: { LEAKS_GITHUB: 'on', LEAKS_GITHUB_KEYS_URL: url },
      });
      await post('[]', signed('[]'), again).expect(503);
      await again.stop();
    }
    keys.serve({ key_identifier: ID, key: pem(signer.publicKey) });
    keys.asked = 0;
    const fresh = await TestApp.start({
      database: app.database,
      env: { LEAKS_GITHUB: 'on', LEAKS_GITHUB_KEYS_URL: url },
    });
    try {
      await Promise.all(Array.from({ length: 20 }, () => post('[]', signed('[]'), fresh).expect(200)));
      for (let i = 0; i < 5; i += 1)
        await post('[]', signed('[]', later.privateKey, LATER_ID), fresh).expect(401);
      expect(keys.asked).toBe(1);
    } finally {
      await fresh.stop();
    }
  });

  it('is not there unless it is asked for', async () => {
    const node = await TestApp.start({ database: app.database });
    try {
      await post('[]', signed('[]'), node).expect(404);
      const { body } = await request(node.http).get('/openapi.json').expect(200);
      expect(body.paths['/leaks/github']).toBeUndefined();
      expect(body.paths['/leaks/report']).toBeDefined();
      const described = await request(app.http).get('/openapi.json').expect(200);
      expect(described.body.paths['/leaks/github']).toBeDefined();
    } finally {
      await node.stop();
    }
  });
});
