import { beforeEach, describe, expect, it } from '@jest/globals';
import { eventsOf } from '../../../shared/domain-event.js';
import { ApiKey, type ApiKeyChanges } from './api-key.js';
import { ApiKeySecret } from './api-key-secret.js';
import { KeyHash } from './key-hasher.js';

const NOW = new Date('2026-05-27T10:00:00.000Z');
const at = (seconds: number): Date => new Date(NOW.getTime() + seconds * 1000);
const BY = { issuer: 'local', subject: 'ann' };
const APPLICATION = { id: 'application', scopes: null };

const secret = (id: string, now = NOW, overlapOnFirstUse: number | null = null): ApiKeySecret =>
  ApiKeySecret.create(
    id,
    'key',
    new KeyHash(Buffer.alloc(32, 1), 1),
    `hint of ${id}`,
    now,
    overlapOnFirstUse,
  );

function issue(settings: ApiKeyChanges = {}): ApiKey {
  const { credits, enabled, ...others } = settings;
  const given = credits === undefined ? {} : { credits: { remaining: 5, refill: null } };
  const key = ApiKey.issue({
    id: 'key',
    application: APPLICATION,
    settings: { environment: 'live', ...others, ...given },
    secret: secret('a'),
    by: BY,
    now: NOW,
  });
  if (enabled !== undefined) change(key, { enabled });
  return key;
}

function change(key: ApiKey, changes: ApiKeyChanges): void {
  key.change(changes, APPLICATION, NOW);
}

/** As it is read after somebody has revoked it. */
const revoked = (key: ApiKey): ApiKey => Object.assign(key, { revokedAt: NOW });

const refusal = (code: string): unknown =>
  expect.objectContaining({ code, detail: expect.stringMatching(/\w/) });

const SETTINGS = {
  name: 'of the till',
  scopes: ['read'],
  expiresAt: at(60),
  metadata: { team: 'till' },
  externalId: 'customer 7',
  tags: ['till'],
  ipAllowlist: ['192.0.2.0/24'],
  rateLimits: [{ name: 'burst', limit: 5, windowSeconds: 1, cost: 1 }],
};

describe('A key that is issued', () => {
  it('without settings is named by its date, has no scopes, and is not restricted in any way', () => {
    expect(issue()).toMatchObject({
      name: 'Key of 2026-05-27',
      environment: 'live',
      scopes: [],
      metadata: {},
      enabled: true,
      expiresAt: null,
      createdAt: NOW,
      createdByIssuer: 'local',
      createdBySubject: 'ann',
      revokedAt: null,
      externalId: null,
      tags: [],
      ipAllowlist: [],
      rateLimits: [],
      metered: false,
      credits: null,
      lastUsedAt: null,
    });
    expect(issue().status(at(1e9))).toBe('active');
  });

  it('has the settings that were given', () => {
    expect(issue(SETTINGS)).toMatchObject({ ...SETTINGS, metered: false });
  });

  it('spends credits when it was given some', () => {
    expect(issue({ credits: {} })).toMatchObject({ metered: true, credits: { remaining: 5 } });
  });

  it('has one secret, which works', () => {
    const key = issue();
    expect(key.hint).toBe('hint of a');
    expect(key.liveSecrets(NOW)).toEqual(key.secrets);
    expect(key.secrets).toHaveLength(1);
  });
});

describe('The status of a key', () => {
  it('is the first reason for which a verification refuses it', () => {
    const key = issue({ expiresAt: at(60) });
    expect(key.status(at(59.999))).toBe('active');
    expect(key.status(at(60))).toBe('expired');
    change(key, { enabled: false });
    expect(key.status(at(60))).toBe('disabled');
    expect(revoked(key).status(at(60))).toBe('revoked');
  });
});

describe('A change of a key', () => {
  it.each([
    { name: 'another' },
    { scopes: [] },
    { expiresAt: null },
    { metadata: { team: 'another' } },
    { externalId: null },
    { tags: ['b'] },
    { ipAllowlist: [] },
    { rateLimits: [] },
    { enabled: false },
    {},
  ] satisfies ApiKeyChanges[])('changes what it names and nothing else: %j', (changes) => {
    const key = issue(SETTINGS);
    change(key, changes);
    expect(key).toMatchObject({ ...SETTINGS, enabled: true, metered: false, ...changes });
  });

  it('begins and ends the spending of credits', () => {
    const key = issue();
    change(key, { credits: { remaining: 5 } });
    expect(key.metered).toBe(true);
    change(key, { name: 'another' });
    expect(key.metered).toBe(true);
    change(key, { credits: null });
    expect(key.metered).toBe(false);
  });

  it('is refused once the key is revoked', () => {
    const key = revoked(issue());
    expect(() => {
      change(key, { enabled: true });
    }).toThrow(refusal('api_key_revoked'));
  });
});

describe('A rotation', () => {
  let key: ApiKey;
  const working = (now: Date): string[] => key.liveSecrets(now).map(({ id }) => id);

  beforeEach(() => {
    key = issue();
  });

  it('lets the old secret work until the overlap ends, to the millisecond', () => {
    key.rotate(secret('b', at(1)), 60, at(1));
    expect(working(at(60.999))).toEqual(['a', 'b']);
    expect(working(at(61))).toEqual(['b']);
    expect(key.hint).toBe('hint of b');
  });

  it('without an overlap ends the old secret at once, by all clocks', () => {
    key.rotate(secret('b', at(1)), 0, at(1));
    expect(working(at(-3600))).toEqual(['b']);
  });

  it('with an overlap that begins at the first use leaves the old secret as it is', () => {
    key.rotate(secret('b', at(1), 60), 0, at(1));
    expect(working(at(1e9))).toEqual(['a', 'b']);
  });

  it('never lets an older secret work for longer than it would have', () => {
    key.rotate(secret('b', at(1)), 10, at(1));
    key.rotate(secret('c', at(2)), 3600, at(2));
    expect(working(at(11))).toEqual(['b', 'c']);
    key.rotate(secret('d', at(3)), 20, at(3));
    expect(working(at(23))).toEqual(['d']);
  });

  it('leaves the key no more than five secrets that work', () => {
    for (const [index, id] of ['b', 'c', 'd', 'e'].entries())
      key.rotate(secret(id, at(index)), 60, at(index));
    expect(() => {
      key.rotate(secret('f', at(5)), 60, at(5));
    }).toThrow(refusal('too_many_secrets'));
    expect(key.secrets).toHaveLength(5);
    key.endSecret('b', at(6));
    key.rotate(secret('f', at(6)), 60, at(6));
    expect(working(at(6))).toEqual(['a', 'c', 'd', 'e', 'f']);
  });

  it('without an overlap is possible however many secrets work', () => {
    for (const [index, id] of ['b', 'c', 'd', 'e'].entries())
      key.rotate(secret(id, at(index)), 60, at(index));
    key.rotate(secret('f', at(5)), 0, at(5));
    expect(working(at(5))).toEqual(['f']);
  });

  it('is refused once the key is revoked or has expired, and not while it is disabled', () => {
    change(key, { enabled: false });
    key.rotate(secret('b', at(1)), 60, at(1));
    change(key, { enabled: true, expiresAt: at(2) });
    expect(() => {
      key.rotate(secret('c', at(2)), 60, at(2));
    }).toThrow(refusal('api_key_expired'));
    expect(() => {
      revoked(key).rotate(secret('c', at(1)), 60, at(1));
    }).toThrow(refusal('api_key_revoked'));
    expect(working(at(1))).toEqual(['a', 'b']);
  });

  it('gives the new secret a time after that of the newest, whatever this clock says', () => {
    expect(key.timeOfNextSecret(at(60))).toEqual(at(60));
    expect(key.timeOfNextSecret(at(-60))).toEqual(at(0.001));
    expect(key.timeOfNextSecret(NOW)).toEqual(at(0.001));
  });
});

describe('The end of one secret', () => {
  it('leaves the others working, and is the same however often it is asked for', () => {
    const key = issue();
    key.rotate(secret('b', at(1)), 60, at(1));
    expect(key.endSecret('a', at(2))).toBe(true);
    expect(key.endSecret('a', at(3))).toBe(false);
    expect(key.secrets[0]!.revokedAt).toEqual(at(2));
    expect(key.liveSecrets(at(2)).map(({ id }) => id)).toEqual(['b']);
  });

  it('is refused for a secret that the key does not have', () => {
    expect(() => issue().endSecret('b', NOW)).toThrow(refusal('secret_not_found'));
  });

  it('is refused for the last one that works', () => {
    const key = issue();
    expect(() => key.endSecret('a', NOW)).toThrow(refusal('last_secret'));
    key.rotate(secret('b', at(1)), 60, at(1));
    expect(() => key.endSecret('b', at(61))).toThrow(refusal('last_secret'));
    expect(key.liveSecrets(at(61)).map(({ id }) => id)).toEqual(['b']);
    expect(key.endSecret('b', at(60))).toBe(true);
  });

  it('has come with the end of a key that is revoked', () => {
    const key = revoked(issue());
    expect(key.endSecret('a', NOW)).toBe(false);
    expect(key.secrets[0]!.revokedAt).toBeNull();
  });
});

describe('The bounds of a key', () => {
  const invalid = (field: string): unknown =>
    expect.objectContaining({
      code: 'validation_failed',
      details: { errors: [{ field, message: expect.any(String) }] },
    });
  const inYears = (years: number, more = 0): Date => {
    const time = new Date(NOW);
    time.setUTCFullYear(time.getUTCFullYear() + years);
    return new Date(time.getTime() + more);
  };

  it.each([NOW, at(-1), inYears(10, 1)])(
    'let it expire neither in the past nor in ten years: %p',
    (expiresAt) => {
      expect(() => issue({ expiresAt })).toThrow(invalid('expiresAt'));
      expect(() => {
        change(issue(), { expiresAt });
      }).toThrow(invalid('expiresAt'));
    },
  );

  it('let it expire in ten years to the millisecond', () => {
    expect(issue({ expiresAt: inYears(10) }).expiresAt).toEqual(inYears(10));
    expect(issue({ expiresAt: at(0.001) }).expiresAt).toEqual(at(0.001));
  });

  it('let it have the scopes that its application declares, and all where it declares none', () => {
    const application = { id: 'application', scopes: ['read'] };
    const key = issue();
    expect(() => {
      key.change({ scopes: ['write'] }, application, NOW);
    }).toThrow(invalid('scopes'));
    key.change({ scopes: ['read'] }, application, NOW);
    expect(key.scopes).toEqual(['read']);
    change(key, { scopes: ['write'] });
    expect(key.scopes).toEqual(['write']);
  });
});

describe('The events of a key', () => {
  const named = (key: ApiKey): string[] => eventsOf(key).map(({ name }) => name);

  it('tell what it is issued as, and of its secret the hint alone', () => {
    const key = issue(SETTINGS);
    expect(eventsOf(key)).toEqual([
      {
        name: 'ApiKeyIssued',
        applicationId: 'application',
        target: { kind: 'api_key', id: 'key' },
        before: null,
        after: { ...SETTINGS, enabled: true, environment: 'live', hint: 'hint of a' },
      },
    ]);
  });

  it('tell the fields that a change has changed, as they were and are, and no others', () => {
    const key = issue(SETTINGS);
    change(key, { name: 'another', scopes: ['read'], enabled: false });
    expect(eventsOf(key)[1]).toMatchObject({
      name: 'ApiKeyChanged',
      before: { name: 'of the till', enabled: true },
      after: { name: 'another', enabled: false },
    });
    expect(Object.keys(eventsOf(key)[1]!.after!)).toEqual(['name', 'enabled']);
  });

  it('leave out what changes nothing', () => {
    const key = issue(SETTINGS);
    change(key, { name: 'of the till' });
    expect(named(key)).toEqual(['ApiKeyIssued']);
  });

  it('tell of a rotation and of the end of a secret, by its id', () => {
    const key = issue();
    key.rotate(secret('b', at(1)), 60, at(1));
    key.endSecret('a', at(2));
    key.endSecret('a', at(3));
    expect(named(key)).toEqual(['ApiKeyIssued', 'ApiKeyRotated', 'ApiKeySecretEnded']);
    expect(eventsOf(key)[2]!.after).toEqual({ secretId: 'a', hint: 'hint of a', revokedAt: at(2) });
  });
});
