import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { createSecretKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { ExternalIssuer } from '../../../../test/support/external-issuer.js';
import { FakeClock } from '../../../../test/support/fake-clock.js';
import { RemoteKeys } from './remote-keys.js';

describe('RemoteKeys', () => {
  let issuer: ExternalIssuer;
  let clock: FakeClock;
  let keys: RemoteKeys;

  beforeAll(() => {
    Logger.overrideLogger(false);
  });
  beforeEach(async () => {
    issuer = await ExternalIssuer.start();
    clock = new FakeClock();
    keys = new RemoteKeys(new URL(issuer.jwksUrl), ['ES256', 'RS256', 'PS256'], clock);
  });
  afterEach(() => issuer.stop());

  /** Whether the key of that name is there; the issuer's current one, if none is named. */
  const finds = async (kid = issuer.keys[0]!.kid, alg = 'ES256'): Promise<boolean> =>
    (await keys.find({ alg, kid })) !== undefined;
  const expectUnavailable = async (): Promise<void> => {
    await expect(finds()).rejects.toMatchObject({ code: 'service_unavailable' });
  };
  const breakOff: ExternalIssuer['instead'] = (reply) => reply.destroy();

  it('reads the keys once for many tokens, also when they come at once', async () => {
    const found = await Promise.all(Array.from({ length: 10 }, () => finds()));
    expect(found).toEqual(Array(10).fill(true));
    expect(await finds()).toBe(true);
    expect(issuer.requests).toBe(1);
  });

  it('reads them again for a kid that is new', async () => {
    expect(await finds()).toBe(true);
    clock.advance(30_000);
    issuer.rotate();
    expect(await finds()).toBe(true);
    expect(issuer.requests).toBe(2);
  });

  it('reads them at most every 30 seconds, however many kids are made up', async () => {
    expect(await finds()).toBe(true);
    for (let second = 0; second < 60; second += 1) {
      expect(await finds(`made-up-${second}`)).toBe(false);
      clock.advance(1000);
    }
    expect(issuer.requests).toBe(2);
  });

  it('says that it cannot know yet, rather than no, of a new kid in a token that comes from its issuer', async () => {
    const find = (kid: string): Promise<unknown> => keys.find({ alg: 'ES256', kid }, true);
    expect(await finds()).toBe(true);
    // They have just been read.
    expect(await find('made-up')).toBeUndefined();
    clock.advance(20_000);
    issuer.rotate();
    const { kid } = issuer.keys[0]!;
    await expect(find(kid)).rejects.toMatchObject({
      code: 'service_unavailable',
      details: { retryAfter: 10 },
    });
    // Anybody else can make up what they like.
    expect(await finds(kid)).toBe(false);
    expect(issuer.requests).toBe(1);
    clock.advance(10_000);
    expect(await find(kid)).toBeDefined();
    expect(await find('made-up')).toBeUndefined();
    expect(issuer.requests).toBe(2);
  });

  it('drops a key that its issuer withdrew within ten minutes', async () => {
    const withdrawn = issuer.keys[0]!.kid;
    expect(await finds()).toBe(true);
    issuer.rotate();
    expect(await finds(withdrawn)).toBe(true);
    clock.advance(10 * 60_000 + 1);
    expect(await finds(withdrawn)).toBe(false);
  });

  it('uses the keys it has for a day while their issuer cannot be reached', async () => {
    expect(await finds()).toBe(true);
    issuer.instead = breakOff;
    clock.advance(24 * 3600_000);
    expect(await finds()).toBe(true);
    clock.advance(1);
    await expectUnavailable();
  });

  it.each<[string, NonNullable<ExternalIssuer['instead']>]>([
    ['cuts the connection', (reply) => reply.destroy()],
    [
      'answers more keys than are looked through for a token',
      (reply) => reply.end(JSON.stringify({ keys: Array.from({ length: 501 }, () => ({})) })),
    ],
    ['answers 500', (reply) => reply.writeHead(500).end()],
    ['answers no JSON', (reply) => reply.end('<html>')],
    ['answers no key set', (reply) => reply.end('{"keys":{}}')],
    ['redirects elsewhere', (reply) => reply.writeHead(302, { location: issuer.jwksUrl }).end()],
    ['answers more than any key set', (reply) => reply.end(padded(issuer))],
    ['sends an endless body', (reply) => void reply.write('{"keys":[')],
    ['does not answer', () => undefined],
  ])('says that it cannot know, rather than no, when the issuer %s', async (_, instead) => {
    issuer.instead = instead;
    await expectUnavailable();
    // A provider that is down is left alone for a moment.
    await expectUnavailable();
    expect(issuer.requests).toBe(1);
    issuer.instead = undefined;
    clock.advance(5000);
    expect(await finds()).toBe(true);
  });

  it('cannot know either whether a new key was added while the issuer is out of reach', async () => {
    expect(await finds()).toBe(true);
    issuer.rotate();
    issuer.instead = breakOff;
    clock.advance(30_000);
    await expectUnavailable();
  });

  it('leaves keys out that are for another use, of another algorithm, too weak, or no public keys', async () => {
    const good = issuer.keys[0]!;
    const named = (kid: string, jwk: object): (typeof issuer.keys)[number] => ({
      ...good,
      kid,
      jwk: { ...jwk, kid },
    });
    const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' });
    const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({ format: 'jwk' });
    issuer.keys = [
      named('for encryption', { ...good.jwk, use: 'enc' }),
      named('for signing', { ...good.jwk, key_ops: ['sign'] }),
      named('of another algorithm', { ...good.jwk, alg: 'ES384' }),
      named('too weak', rsa),
      named('of another curve', p384),
      named('secret', createSecretKey(randomBytes(32)).export({ format: 'jwk' })),
      named('broken', { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' }),
      { ...good, jwk: null as unknown as object },
      good,
    ];
    expect(await finds(good.kid)).toBe(true);
    for (const { kid } of issuer.keys.slice(0, 7)) {
      for (const alg of ['ES256', 'RS256', 'PS256'])
        expect([kid, await finds(kid, alg)]).toEqual([kid, false]);
    }
  });

  it('takes an RSA key for the algorithm it names, and for each that fits when it names none', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const jwk = publicKey.export({ format: 'jwk' });
    issuer.keys = [
      { kid: 'one', privateKey, jwk: { ...jwk, kid: 'one', alg: 'RS256' } },
      { kid: 'each', privateKey, jwk: { ...jwk, kid: 'each' } },
    ];
    expect(await finds('one', 'RS256')).toBe(true);
    expect(await finds('one', 'PS256')).toBe(false);
    expect(await finds('each', 'RS256')).toBe(true);
    expect(await finds('each', 'PS256')).toBe(true);
    expect(await finds('each', 'RS512')).toBe(false);
  });

  it('finds the only key there is without a kid, and does not guess among several', async () => {
    const withoutKid = async (): Promise<boolean> => (await keys.find({ alg: 'ES256' })) !== undefined;
    expect(await withoutKid()).toBe(true);
    const first = issuer.keys[0]!;
    issuer.rotate();
    const twin = { ...issuer.keys[0]!, jwk: { ...issuer.keys[0]!.jwk, kid: first.kid } };
    issuer.keys = [first, twin];
    clock.advance(10 * 60_000 + 1);
    expect(await withoutKid()).toBe(false);
    expect(await finds(first.kid)).toBe(false);
  });
});

/** The issuer's keys, and so much else that nobody should read it. */
function padded(issuer: ExternalIssuer): string {
  return JSON.stringify({ keys: issuer.keys.map(({ jwk }) => jwk), padding: 'x'.repeat(300 * 1024) });
}
