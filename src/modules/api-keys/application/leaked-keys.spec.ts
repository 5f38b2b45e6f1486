import { beforeEach, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { MemoryLeakedSecrets } from '../../../../test/api-keys/memory-leaked-secrets.js';
import { MemoryKeys, revokedCopy } from '../../../../test/api-keys/memory.js';
import { actor } from '../../../../test/support/actors.js';
import { systemActor } from '../../../shared/actor.js';
import { DEFAULT_POLICY, type OnLeak } from '../../applications/index.js';
import type { ApiKey, ApiKeySettings } from '../domain/api-key.js';
import { KeyHasher } from '../domain/key-hasher.js';
import { PlaintextKey } from '../domain/plaintext-key.js';
import { LeakedKeys, type Leak } from './leaked-keys.js';

const ANN = actor('ann');
const SERVICE = systemActor('leak');

let world: MemoryKeys;
let secrets: MemoryLeakedSecrets;
let leaked: LeakedKeys;

beforeEach(() => {
  world = new MemoryKeys();
  secrets = new MemoryLeakedSecrets(world);
  leaked = leakedKeys(world.hasher);
});

function leakedKeys(hasher: KeyHasher): LeakedKeys {
  const { unitOfWork, rows, permissions, clock, freshness } = world;
  return new LeakedKeys(
    unitOfWork,
    rows,
    secrets,
    permissions.asService(),
    hasher,
    clock,
    freshness.asFreshness(),
  );
}

async function issued(
  applicationId: string | null = 'application',
  settings: ApiKeySettings = {},
): Promise<ApiKey> {
  const { id } = await world.keys.issue(ANN, { id: applicationId, scopes: null }, settings);
  forget();
  return row({ id });
}

/** As it is kept. */
function row({ id }: { id: string }): ApiKey {
  return world.rows.rows.get(id)!;
}

/** A key with a second secret, beside which the first one works for a minute. */
async function rotated(): Promise<ApiKey> {
  const key = await issued();
  await world.keys.rotate(ANN, (await world.rows.find(key.id)).value!, { overlapSeconds: 60 });
  forget();
  return row(key);
}

function forget(): void {
  world.unitOfWork.committed.length = 0;
  world.unitOfWork.actors.length = 0;
  world.freshness.awaited.length = 0;
  world.permissions.locked.length = 0;
}

/** One of the secrets of a key is found. */
function leakOf(key: ApiKey, place = 0, from: string | null = null): Leak {
  return { secretId: key.secrets[place]!.id, applicationId: key.applicationId, from };
}

function setPolicy(applicationId: string, onLeak: OnLeak): void {
  world.permissions.policies.set(applicationId, { ...DEFAULT_POLICY, onLeak });
}

/** The events that were committed since the last time this was called. */
function events() {
  return world.unitOfWork.committed.splice(0);
}

describe('A key that was found in public', () => {
  it('is revoked, which is recorded with its place, once that holds on every node', async () => {
    const key = await issued();
    const place = 'https://example.com/a/file';
    await leaked.report(SERVICE, [leakOf(key, 0, place)], 'github');
    const leakedAt = world.clock.now();
    expect(row(key).revokedAt).toEqual(leakedAt);
    expect(row(key).secrets).toMatchObject([{ leakedAt, leakedFrom: place }]);
    expect(events()).toEqual([
      {
        name: 'ApiKeyLeaked',
        applicationId: 'application',
        target: { kind: 'api_key', id: key.id },
        before: null,
        after: {
          secretId: key.secrets[0]!.id,
          hint: key.hint,
          leakedAt,
          leakedFrom: place,
          reportedBy: 'github',
          onLeak: 'revoke',
        },
      },
    ]);
    expect(world.unitOfWork.actors).toEqual([SERVICE]);
    expect(world.freshness.awaited).toEqual([expect.any(Number)]);
  });

  it('is disabled where the policy of its application says so', async () => {
    setPolicy('application', 'disable');
    const key = await issued();
    await leaked.report(SERVICE, [leakOf(key)], 'anybody');
    expect(row(key)).toMatchObject({ enabled: false, revokedAt: null });
    expect(row(key).secrets).toMatchObject([{ leakedAt: world.clock.now(), leakedFrom: null }]);
    expect(events()).toMatchObject([
      {
        name: 'ApiKeyLeaked',
        before: { enabled: true },
        after: { reportedBy: 'anybody', leakedFrom: null, onLeak: 'disable', enabled: false },
      },
    ]);
    expect(world.freshness.awaited).toEqual([expect.any(Number)]);
  });

  it('is only marked, and goes on working, where the policy says so', async () => {
    setPolicy('application', 'flag');
    const key = await issued();
    await leaked.report(SERVICE, [leakOf(key)], 'anybody');
    expect(row(key)).toMatchObject({ enabled: true, revokedAt: null, version: 1 });
    expect(row(key).leaked).toMatchObject({ leakedAt: world.clock.now() });
    const [event, ...more] = events();
    expect(event).toMatchObject({ name: 'ApiKeyLeaked', before: null, after: { onLeak: 'flag' } });
    expect(event?.after).not.toHaveProperty('enabled');
    expect(more).toEqual([]);
    expect(world.freshness.awaited).toEqual([expect.any(Number)]);
  });

  it('is revoked though its application is being deleted, and has no policy any more', async () => {
    world.permissions.policies.set('application', 'application_not_found');
    const key = await issued();
    await leaked.report(SERVICE, [leakOf(key)], 'anybody');
    expect(row(key).revokedAt).toEqual(world.clock.now());
    expect(events()).toMatchObject([{ after: { onLeak: 'revoke' } }]);
  });

  it('is left as it is when the policy cannot be read', async () => {
    const key = await issued();
    world.permissions.policies.set('application', 'service_unavailable');
    await expect(leaked.report(SERVICE, [leakOf(key)], 'anybody')).rejects.toMatchObject({
      code: 'service_unavailable',
    });
    world.permissions.lockPolicy = () => Promise.reject(new Error('connection lost'));
    await expect(leaked.report(SERVICE, [leakOf(key)], 'anybody')).rejects.toThrow('connection lost');
    expect(row(key).revokedAt).toBeNull();
    expect(row(key).leaked).toBeUndefined();
    expect(events()).toEqual([]);
    expect(world.freshness.awaited).toEqual([]);
  });

  it('is not marked when it cannot be revoked', async () => {
    const key = await issued();
    world.rows.meanwhile = () => {
      throw new Error('connection lost');
    };
    await expect(leaked.report(SERVICE, [leakOf(key)], 'anybody')).rejects.toThrow('connection lost');
    expect(row(key).leaked).toBeUndefined();
    expect(events()).toEqual([]);
  });

  it('of a machine is a service key to whoever is told of it', async () => {
    const key = await issued('application', { environment: 'service' });
    await leaked.report(SERVICE, [leakOf(key)], 'anybody');
    expect(row(key).revokedAt).toEqual(world.clock.now());
    expect(events()).toMatchObject([
      {
        name: 'ServiceKeyLeaked',
        applicationId: 'application',
        target: { kind: 'service_key', id: key.id },
      },
    ]);
  });

  it('of the platform is revoked: no policy stands behind it', async () => {
    world.permissions.policy = { ...DEFAULT_POLICY, onLeak: 'flag' };
    const key = await issued(null, { environment: 'service' });
    await leaked.report(SERVICE, [leakOf(key)], 'anybody');
    expect(row(key).revokedAt).toEqual(world.clock.now());
    expect(events()).toMatchObject([{ name: 'ServiceKeyLeaked', applicationId: null }]);
    expect(world.permissions.locked).toEqual([]);
  });
});

describe('A secret that was found in public', () => {
  it.each(['revoke', 'disable', 'flag'] as const)(
    'is told of once, however often it is found, where the policy is to %s',
    async (onLeak) => {
      setPolicy('application', onLeak);
      const key = await issued();
      await leaked.report(SERVICE, [leakOf(key, 0, 'here')], 'anybody');
      const first = row(key);
      expect(events()).toHaveLength(1);
      world.clock.advance(1000);
      await leaked.report(SERVICE, [leakOf(key, 0, 'there')], 'anybody');
      expect(events()).toEqual([]);
      expect(row(key)).toEqual(first);
      // The first may have ended before it could wait.
      expect(world.freshness.awaited).toEqual([expect.any(Number), null]);
    },
  );

  it('takes its key with it when it is found again under a policy that is stricter by then', async () => {
    setPolicy('application', 'flag');
    const key = await issued();
    await leaked.report(SERVICE, [leakOf(key, 0, 'here')], 'anybody');
    const first = row(key).leaked;
    events();
    world.clock.advance(1000);
    setPolicy('application', 'disable');
    await leaked.report(SERVICE, [leakOf(key)], 'anybody');
    expect(row(key).enabled).toBe(false);
    expect(events()).toMatchObject([{ before: { enabled: true }, after: { onLeak: 'disable' } }]);
    setPolicy('application', 'revoke');
    await leaked.report(SERVICE, [leakOf(key)], 'anybody');
    expect(row(key).revokedAt).toEqual(world.clock.now());
    expect(events()).toMatchObject([{ before: null, after: { onLeak: 'revoke' } }]);
    // It was first found when it was first found.
    expect(row(key).leaked).toEqual(first);
  });

  it('is told of though its key was disabled before, which is not claimed', async () => {
    setPolicy('application', 'disable');
    const key = await issued();
    world.rows.change(key.id, { enabled: false });
    await leaked.report(SERVICE, [leakOf(key)], 'anybody');
    const [event] = events();
    expect(event).toMatchObject({ name: 'ApiKeyLeaked', before: null });
    expect(event?.after).not.toHaveProperty('enabled');
  });

  it('is left as it is when it has ended, whatever becomes of the others of the report', async () => {
    setPolicy('application', 'flag');
    const key = await rotated();
    world.clock.advance(60_000);
    await leaked.report(SERVICE, [leakOf(key, 0), leakOf(key, 1)], 'anybody');
    expect(row(key).secrets).toMatchObject([{ leakedAt: null }, { leakedAt: world.clock.now() }]);
    expect(events()).toMatchObject([{ after: { secretId: key.secrets[1]!.id } }]);
  });

  it('has no effect by itself when it has ended, or its key is revoked, or nobody knows it', async () => {
    const ended = await rotated();
    world.clock.advance(60_000);
    const revoked = await issued();
    world.rows.rows.set(revoked.id, revokedCopy(revoked, world.clock.now()));
    const unknown = { secretId: 'nothing', applicationId: 'application', from: null };
    const before = [row(ended), row(revoked)];
    for (const leak of [leakOf(ended), leakOf(revoked), unknown]) {
      await leaked.report(SERVICE, [leak], 'anybody');
    }
    expect([row(ended), row(revoked)]).toEqual(before);
    expect(events()).toEqual([]);
    expect(world.permissions.locked).toEqual([]);
    // By the time that it takes nobody learns that there was nothing to be done.
    expect(world.freshness.awaited).toEqual([null, null, null]);
  });

  it('is told of by itself where several are of one key', async () => {
    setPolicy('application', 'disable');
    const key = await rotated();
    await leaked.report(SERVICE, [leakOf(key, 0, 'here'), leakOf(key, 1, 'there')], 'anybody');
    const [one, two] = key.secrets;
    expect(events()).toMatchObject([
      { target: { id: key.id }, after: { secretId: one!.id, leakedFrom: 'here', enabled: false } },
      { target: { id: key.id }, after: { secretId: two!.id, leakedFrom: 'there', enabled: false } },
    ]);
    const leakedAt = world.clock.now();
    expect(row(key).secrets).toMatchObject([
      { leakedAt, leakedFrom: 'here' },
      { leakedAt, leakedFrom: 'there' },
    ]);
    expect(row(key).version).toBe(key.version + 1);
  });
});

describe('A report of several applications', () => {
  it('does in each what its policy says, one after the other, in turns', async () => {
    setPolicy('b', 'disable');
    setPolicy('c', 'flag');
    const [a, b, c, another] = [await issued('a'), await issued('b'), await issued('c'), await issued('a')];
    const turns: string[][] = [];
    await leaked.report(
      SERVICE,
      [leakOf(a), leakOf(b), leakOf(c), leakOf(another)],
      'anybody',
      async (work) => {
        const result = await work();
        turns.push(events().map(({ applicationId, after }) => `${applicationId} ${String(after?.onLeak)}`));
        return result;
      },
    );
    expect(turns).toEqual([['a revoke', 'a revoke'], ['b disable'], ['c flag']]);
    expect([a, b, c, another].map((key) => row(key).status(world.clock.now()))).toEqual([
      'revoked',
      'disabled',
      'active',
      'revoked',
    ]);
    expect(world.unitOfWork.actors).toHaveLength(3);
  });

  it('waits for every change of it, and for none where there was nothing to be done', async () => {
    const [a, b] = [await issued('a'), await issued('b')];
    const gone = { secretId: 'nothing', applicationId: 'c', from: null };
    await leaked.report(SERVICE, [leakOf(a), leakOf(b), gone], 'anybody');
    expect(world.freshness.awaited).toEqual([1, 2]);
  });

  it('has done what it has done when the next application is out of reach', async () => {
    const [a, b] = [await issued('a'), await issued('b')];
    world.permissions.policies.set('b', 'service_unavailable');
    await expect(leaked.report(SERVICE, [leakOf(a), leakOf(b)], 'anybody')).rejects.toMatchObject({
      code: 'service_unavailable',
    });
    expect([a, b].map((key) => row(key).revokedAt)).toEqual([world.clock.now(), null]);
  });
});

describe('A report in which there is no key', () => {
  it('has a transaction and waits for every node as others do', async () => {
    await leaked.report(SERVICE, [], 'anybody');
    expect(world.unitOfWork.actors).toEqual([SERVICE]);
    expect(world.freshness.awaited).toEqual([null]);
    expect(events()).toEqual([]);
  });
});

describe('Keys that were made elsewhere', () => {
  const found = (text: string): PlaintextKey => new PlaintextKey(text, true);

  async function imported(applicationId: string, ...texts: string[]): Promise<ApiKey[]> {
    const results = await world.imports.import(
      ANN,
      { id: applicationId, scopes: null, owner: ANN },
      texts.map((text) => ({ sha256: createHash('sha256').update(text).digest(), prefix: 'sk_live' })),
    );
    forget();
    return results.map((result) => row({ id: 'id' in result ? result.id : '' }));
  }

  it('are found by their hashes, all with one look-up', async () => {
    const [one, two] = await imported('application', 'sk_live_one', 'sk_live_two', 'sk_live_three');
    const keys = [found('sk_live_two'), found('sk_live_unknown'), found('sk_live_one')];
    const result = await leaked.findImported(keys);
    expect(result).toHaveLength(2);
    expect(result).toEqual(
      expect.arrayContaining([
        { key: keys[2], secretId: one!.secrets[0]!.id, applicationId: 'application' },
        { key: keys[0], secretId: two!.secrets[0]!.id, applicationId: 'application' },
      ]),
    );
    expect(result.map(({ key }) => key.reveal()).sort()).toEqual(['sk_live_one', 'sk_live_two']);
    expect(secrets.lookedUp).toEqual([3]);
  });

  it('are found though another pepper has hashed them than the one that hashes new ones', async () => {
    const [key] = await imported('application', 'sk_live_one');
    const newer = { version: 2, key: Buffer.alloc(32, 2) };
    const older = { version: 1, key: Buffer.alloc(32, 1) };
    const result = await leakedKeys(new KeyHasher([newer, older])).findImported([found('sk_live_one')]);
    expect(result).toMatchObject([{ secretId: key!.secrets[0]!.id }]);
  });

  it('are not those that were made here', async () => {
    const { plaintext } = await world.keys.issue(ANN, { id: 'application', scopes: null }, {});
    expect(await leaked.findImported([plaintext])).toEqual([]);
  });

  it('are not looked for where there are none', async () => {
    expect(await leaked.findImported([])).toEqual([]);
    expect(secrets.lookedUp).toEqual([]);
  });
});
