import { beforeEach, describe, expect, it } from '@jest/globals';
import { MemoryKeys, revokedCopy } from '../../../../test/api-keys/memory.js';
import { idempotentCall } from '../../../../test/idempotency/memory-answers.js';
import { actor } from '../../../../test/support/actors.js';
import { DEFAULT_POLICY } from '../../applications/index.js';
import { ApiKey, type ApiKeySettings } from '../domain/api-key.js';

const ANN = actor('ann');
const APPLICATION = { id: 'application', scopes: null };
const CALL = idempotentCall();

let world: MemoryKeys;

beforeEach(() => {
  world = new MemoryKeys();
});

async function issued(settings: ApiKeySettings = {}): Promise<ApiKey> {
  const { id } = await world.keys.issue(ANN, APPLICATION, settings);
  world.freshness.awaited.length = 0;
  world.permissions.asked.length = 0;
  world.permissions.locked.length = 0;
  world.events();
  return (await world.rows.find(id)).value!;
}

/** As it is kept. */
function row({ id }: { id: string }): ApiKey {
  return world.rows.rows.get(id)!;
}

/** What it was refused with, or undefined. */
async function codeOf(attempt: Promise<unknown>): Promise<unknown> {
  return attempt.then(
    () => undefined,
    (error: unknown) => (error as { code?: string }).code ?? error,
  );
}

describe('Issuing a key', () => {
  it('keeps the hash of what it shows once', async () => {
    const { id, plaintext } = await world.keys.issue(ANN, APPLICATION, { name: 'of the till' });
    const key = row({ id });
    expect(key).toMatchObject({ name: 'of the till', environment: 'live', createdBySubject: 'ann' });
    expect(key.secrets).toMatchObject([
      { apiKeyId: id, hint: plaintext.hint, hash: world.hasher.hash(plaintext).bytes, expiresAt: null },
    ]);
    expect(plaintext.reveal()).toMatch(/^upblit_live_/);
    expect(world.hasher.knowsTagOf(plaintext)).toBe(true);
    // In one statement that it shares with others.
    expect(world.unitOfWork.actors).toEqual([]);
    // Nobody can have asked for it before.
    expect(world.freshness.awaited).toEqual([]);
  });

  it('takes the environment that is asked for', async () => {
    const { plaintext } = await world.keys.issue(ANN, APPLICATION, { environment: 'test' });
    expect(plaintext.reveal()).toMatch(/^upblit_test_/);
  });

  it('has a transaction of its own where the statement of others cannot take it', async () => {
    world.rows.takesBatches = false;
    const { id } = await world.keys.issue(ANN, APPLICATION, {});
    expect(row({ id })).toBeDefined();
    expect(world.unitOfWork.actors).toEqual([ANN]);
    expect(world.permissions.asked).toEqual(['still manage-keys application']);
    expect(world.events()).toEqual(['ApiKeyIssued']);
    expect(world.credits.size).toBe(0);
  });

  it('puts its credits in the transaction that inserts it', async () => {
    const credits = { remaining: 5, refill: null };
    const { id } = await world.keys.issue(ANN, APPLICATION, { credits });
    expect([...world.credits]).toEqual([[`key ${id}`, credits]]);
    expect(world.unitOfWork.actors).toHaveLength(1);
  });

  it('of a machine asks for another permission, of the platform for none, and puts no credits', async () => {
    world.rows.takesBatches = false;
    await world.keys.issue(ANN, APPLICATION, { environment: 'service' });
    expect(world.permissions.asked).toEqual(['still manage-service-keys application']);
    await world.keys.issue(ANN, { id: null, scopes: null }, { environment: 'service' });
    expect(world.permissions.asked).toHaveLength(1);
    const credits = { remaining: 5, refill: null };
    await world.keys.issue(ANN, APPLICATION, { environment: 'service', credits });
    expect(world.credits.size).toBe(0);
  });

  it('is not acknowledged when others do not see it', async () => {
    world.rows.isCertain = false;
    await expect(world.keys.issue(ANN, APPLICATION, {})).rejects.toMatchObject({
      code: 'service_unavailable',
      details: { retryAfter: 1 },
    });
  });

  it('leaves nothing when its maker may not any more', async () => {
    world.rows.takesBatches = false;
    world.permissions.lateRefusals.set('application', 'not_application_owner');
    expect(await codeOf(world.keys.issue(ANN, APPLICATION, {}))).toBe('not_application_owner');
    expect(world.rows.rows.size).toBe(0);
  });

  it('shows the same key again to who asks again with the same Idempotency-Key', async () => {
    const first = await world.keys.issue(ANN, APPLICATION, {}, CALL);
    const second = await world.keys.issue(ANN, APPLICATION, {}, CALL);
    expect([second.id, second.plaintext.reveal()]).toEqual([first.id, first.plaintext.reveal()]);
    expect(world.rows.rows.size).toBe(1);
    expect(world.unitOfWork.actors).toHaveLength(1);
  });

  it('does not show it again when it cannot be seen any more', async () => {
    await world.keys.issue(ANN, APPLICATION, {}, CALL);
    world.rows.isCertain = false;
    expect(await codeOf(world.keys.issue(ANN, APPLICATION, {}, CALL))).toBe('service_unavailable');
    world.rows.isCertain = true;
    world.rows.rows.clear();
    expect(await codeOf(world.keys.issue(ANN, APPLICATION, {}, CALL))).toBe('service_unavailable');
  });
});

describe('Reading keys', () => {
  it('gives a key that is handed out, and no other', async () => {
    const { id } = await issued();
    expect(await world.keys.get(id)).toMatchObject({ id });
    const service = await issued({ environment: 'service' });
    expect(await codeOf(world.keys.get(service.id))).toBe('api_key_not_found');
    expect(await codeOf(world.keys.get('nothing'))).toBe('api_key_not_found');
  });

  it('lists them in pages, whose cursors are good for the same filter alone', async () => {
    for (let i = 0; i < 3; i += 1) await issued();
    const filter = { status: 'active', tag: 'till' } as const;
    const page = await world.keys.list('application', { ...filter, limit: 2 });
    expect(page.data).toHaveLength(2);
    expect(world.rows.listed).toMatchObject({
      query: { applicationId: 'application', ...filter },
      page: { limit: 2 },
    });
    expect(world.rows.listed?.query).not.toHaveProperty('limit');
    const cursor = page.nextCursor!;
    await world.keys.list('application', { ...filter, cursor });
    expect(await codeOf(world.keys.list('application', { status: 'active', cursor }))).toBe('invalid_cursor');
    expect(await codeOf(world.keys.list('another', { ...filter, cursor }))).toBe('invalid_cursor');
  });
});

describe('A page of large keys', () => {
  it('ends after a mebibyte, and its cursor leads to the rest', async () => {
    const metadata = { note: 'n'.repeat(16_000) };
    for (let i = 0; i < 70; i += 1) await issued({ metadata });
    const page = await world.keys.list('application', { limit: 100 });
    expect(page.data.length).toBeGreaterThan(60);
    expect(page.data.length).toBeLessThan(66);
    expect(page.nextCursor).not.toBeNull();
    await world.keys.list('application', { limit: 100, cursor: page.nextCursor! });
    expect(world.rows.listed?.page.before).toBe(page.data.at(-1)?.id);
  });
});

describe('Changing a key', () => {
  it('returns it as it is written, once that holds on every node', async () => {
    const key = await issued();
    const changed = await world.keys.change(ANN, APPLICATION, key, { name: 'another' });
    expect(changed).toMatchObject({ name: 'another', version: 2 });
    expect(row(key).name).toBe('another');
    expect(world.events()).toEqual(['ApiKeyChanged']);
    expect(world.freshness.awaited).toEqual([expect.any(Number)]);
    expect(world.permissions.asked).toEqual(['still manage-keys application']);
    expect(world.credits.size).toBe(0);
  });

  it.each([
    [{ name: 'another' }, undefined],
    [{ enabled: false }, undefined],
    [{ enabled: true }, 10],
    [{ expiresAt: null }, 10],
  ])('counts active keys only where it may make one: %j', async (changes, maxActive) => {
    await world.keys.change(ANN, APPLICATION, await issued(), changes);
    expect(world.rows.maxActive).toBe(maxActive);
  });

  it.each([[{ remaining: 7 }], [null]])('puts its credits: %j', async (credits) => {
    const key = await issued();
    await world.keys.change(ANN, APPLICATION, key, { credits });
    expect([...world.credits]).toEqual([[`key ${key.id}`, credits]]);
  });

  it('is done on top of what others change meanwhile', async () => {
    const key = await issued();
    world.rows.meanwhile = () => {
      world.rows.meanwhile = () => undefined;
      world.rows.change(key.id, { tags: ['till'] });
    };
    expect(await world.keys.change(ANN, APPLICATION, key, { name: 'another' })).toMatchObject({
      name: 'another',
      tags: ['till'],
      version: 3,
    });
    expect(world.freshness.awaited).toHaveLength(1);
  });

  it('gives up after five times at which others came first', async () => {
    const key = await issued();
    let times = 0;
    world.rows.meanwhile = () => {
      times += 1;
      world.rows.change(key.id, {});
    };
    expect(await codeOf(world.keys.change(ANN, APPLICATION, key, { name: 'another' }))).toBe('edit_conflict');
    expect(times).toBe(5);
    expect(world.freshness.awaited).toEqual([]);
    world.rows.meanwhile = () => {
      times += 1;
      if (times < 10) world.rows.change(key.id, {});
    };
    await world.keys.change(ANN, APPLICATION, (await world.rows.find(key.id)).value!, { name: 'another' });
  });

  it('is refused when somebody revokes it meanwhile, or it is gone', async () => {
    const key = await issued();
    world.rows.meanwhile = () => world.rows.rows.set(key.id, revokedCopy(row(key), world.clock.now()));
    expect(await codeOf(world.keys.change(ANN, APPLICATION, key, { name: 'another' }))).toBe(
      'api_key_revoked',
    );
    const another = await issued();
    world.rows.meanwhile = () => world.rows.rows.delete(another.id);
    expect(await codeOf(world.keys.change(ANN, APPLICATION, another, { name: 'b' }))).toBe(
      'api_key_not_found',
    );
  });

  it('keeps nothing when its maker may not any more', async () => {
    const key = await issued();
    world.permissions.lateRefusals.set('application', 'insufficient_role');
    expect(await codeOf(world.keys.change(ANN, APPLICATION, key, { name: 'b' }))).toBe('insufficient_role');
    expect(row(key).name).not.toBe('b');
  });
});

describe('Rotating a key', () => {
  it('gives it another secret and ends the others at once, unless told otherwise', async () => {
    const key = await issued({ environment: 'test' });
    const { id, plaintext } = await world.keys.rotate(ANN, key, {});
    expect(id).toBe(key.id);
    expect(plaintext.reveal()).toMatch(/^upblit_test_/);
    expect(world.hasher.knowsTagOf(plaintext)).toBe(true);
    const [old, secret] = row(key).secrets;
    expect(old?.revokedAt).toEqual(world.clock.now());
    expect(secret).toMatchObject({
      apiKeyId: key.id,
      hash: world.hasher.hash(plaintext).bytes,
      hint: plaintext.hint,
      overlapSeconds: null,
      // After the one before it, which is of the same millisecond.
      createdAt: new Date(world.clock.epochMs() + 1),
    });
    expect(world.events()).toEqual(['ApiKeyRotated']);
    expect(world.freshness.awaited).toEqual([expect.any(Number)]);
  });

  it('lets the others work for as long as is asked for', async () => {
    const key = await issued();
    await world.keys.rotate(ANN, key, { overlapSeconds: 60 });
    const [old, secret] = row(key).secrets;
    expect(old).toMatchObject({ revokedAt: null, expiresAt: new Date(world.clock.epochMs() + 60_000) });
    expect(secret).toMatchObject({ overlapSeconds: null });
  });

  it.each([
    [{ overlapSeconds: 60, activateOnFirstUse: true }, 60],
    [{ activateOnFirstUse: true }, 0],
  ])('begins that with the first use where it is asked for: %j', async (rotation, overlapSeconds) => {
    const key = await issued();
    await world.keys.rotate(ANN, key, rotation);
    const [old, secret] = row(key).secrets;
    expect(old).toMatchObject({ revokedAt: null, expiresAt: null });
    expect(secret).toMatchObject({ overlapSeconds });
  });

  it('is refused when somebody else came first: two must not end each other’s secret', async () => {
    const key = await issued();
    world.rows.change(key.id, {});
    expect(await codeOf(world.keys.rotate(ANN, key, {}))).toBe('edit_conflict');
    expect(row(key).secrets).toHaveLength(1);
    expect(world.freshness.awaited).toEqual([]);
  });

  it('shows the same secret again to who asks again, once it holds on every node', async () => {
    const key = await issued();
    const first = await world.keys.rotate(ANN, key, {}, CALL);
    const second = await world.keys.rotate(ANN, (await world.rows.find(key.id)).value!, {}, CALL);
    expect(second.plaintext.reveal()).toBe(first.plaintext.reveal());
    expect(row(key).secrets).toHaveLength(2);
    expect(world.freshness.awaited).toEqual([expect.any(Number), null]);
  });
});

describe('Ending a secret', () => {
  async function rotated(): Promise<ApiKey> {
    const key = await issued();
    await world.keys.rotate(ANN, key, { overlapSeconds: 60 });
    world.freshness.awaited.length = 0;
    world.events();
    return (await world.rows.find(key.id)).value!;
  }

  it('ends that one alone, on every node before the answer', async () => {
    const key = await rotated();
    await world.keys.endSecret(ANN, key, key.secrets[0]!.id);
    expect(row(key).secrets.map(({ revokedAt }) => revokedAt)).toEqual([world.clock.now(), null]);
    expect(world.events()).toEqual(['ApiKeySecretEnded']);
    expect(world.freshness.awaited).toEqual([expect.any(Number)]);
    expect(world.rows.maxActive).toBeUndefined();
  });

  it('waits as well for one that somebody else has ended, and changes nothing', async () => {
    const key = await rotated();
    await world.keys.endSecret(ANN, key, key.secrets[0]!.id);
    world.freshness.awaited.length = 0;
    world.events();
    await world.keys.endSecret(ANN, key, key.secrets[0]!.id);
    expect(world.freshness.awaited).toEqual([null]);
    expect(world.events()).toEqual([]);
  });

  it('tries again when others come first, and gives up after five times', async () => {
    const key = await rotated();
    let times = 0;
    world.rows.meanwhile = () => {
      times += 1;
      if (times !== 10) world.rows.change(key.id, {});
    };
    expect(await codeOf(world.keys.endSecret(ANN, key, key.secrets[0]!.id))).toBe('edit_conflict');
    expect(times).toBe(5);
    expect(world.freshness.awaited).toEqual([]);
    await world.keys.endSecret(ANN, key, key.secrets[0]!.id);
    expect(times).toBe(10);
  });

  it('does not take for ended what cannot be seen to be', async () => {
    const key = await rotated();
    await world.keys.endSecret(ANN, key, key.secrets[0]!.id);
    world.freshness.awaited.length = 0;
    world.rows.isCertain = false;
    expect(await codeOf(world.keys.endSecret(ANN, key, key.secrets[0]!.id))).toBe('edit_conflict');
    expect(world.freshness.awaited).toEqual([]);
  });

  it('is refused for a secret that the key does not have, and for its last one', async () => {
    const key = await issued();
    expect(await codeOf(world.keys.endSecret(ANN, key, 'nothing'))).toBe('secret_not_found');
    expect(await codeOf(world.keys.endSecret(ANN, key, key.secrets[0]!.id))).toBe('last_secret');
  });
});

describe('Revoking a key', () => {
  it('holds on every node when it is answered, also when it is done again', async () => {
    const key = await issued();
    await world.keys.revoke(ANN, key);
    expect(row(key).revokedAt).toEqual(world.clock.now());
    await world.keys.revoke(ANN, key);
    expect(world.freshness.awaited).toEqual([expect.any(Number), null]);
    expect(world.permissions.asked).toEqual(Array(2).fill('still manage-keys application'));
  });

  it('is taken back when its maker may not any more', async () => {
    const key = await issued();
    world.permissions.lateRefusals.set('application', 'not_application_owner');
    expect(await codeOf(world.keys.revoke(ANN, key))).toBe('not_application_owner');
    expect(row(key).revokedAt).toBeNull();
  });

  it('is done by who holds it, whatever they may do in its application', async () => {
    const key = await issued();
    await world.keys.giveUp(ANN, key.id);
    expect(row(key).revokedAt).toEqual(world.clock.now());
    expect(world.permissions.asked).toEqual([]);
    expect(world.freshness.awaited).toEqual([expect.any(Number)]);
  });

  it('is not done by who holds a secret that does not work any more, which holds on every node', async () => {
    const key = await issued();
    world.rows.holdsWorkingSecret = false;
    await world.keys.giveUp(ANN, key.id);
    expect(row(key).revokedAt).toBeNull();
    expect(world.freshness.awaited).toEqual([null]);
  });
});

describe('The policy of an application', () => {
  const days = (count: number): Date => new Date(world.clock.epochMs() + count * 86_400_000);
  const POLICY = {
    ...DEFAULT_POLICY,
    maxLifetime: 30,
    requireIpAllowlist: true,
    allowedScopes: ['a:read'],
    rotateEvery: 1,
  };
  const obeying = (): ApiKeySettings => ({
    expiresAt: days(20),
    ipAllowlist: ['192.0.2.0/24'],
    scopes: ['a:read'],
  });

  it('lets no key be issued that breaks it, whatever it was when it was read last', async () => {
    world.permissions.policy = POLICY;
    const settings = { ...obeying(), scopes: ['b'] };
    for (const storedPolicy of [POLICY, DEFAULT_POLICY]) {
      // The statement of others does not take a key that was judged by another policy than there is by now.
      world.rows.takesBatches = storedPolicy === POLICY;
      expect(await codeOf(world.keys.issue(ANN, { ...APPLICATION, storedPolicy }, settings))).toBe(
        'policy_violation',
      );
    }
    expect(world.rows.rows.size).toBe(0);
  });

  it('costs a key that obeys it no transaction of its own', async () => {
    world.permissions.policy = POLICY;
    await world.keys.issue(ANN, { ...APPLICATION, storedPolicy: POLICY }, obeying());
    expect(world.rows.rows.size).toBe(1);
    expect(world.unitOfWork.actors).toEqual([]);
  });

  it('demands nothing of the keys of the platform', async () => {
    world.permissions.policy = POLICY;
    world.rows.takesBatches = false;
    const settings = { environment: 'service' as const };
    const { id } = await world.keys.issue(ANN, { id: null, scopes: null }, settings);
    expect(row({ id })).toBeDefined();
    expect(world.permissions.locked).toEqual([]);
  });

  it('says nothing of the scopes of a service key, which are those of this service', async () => {
    world.permissions.policy = { ...DEFAULT_POLICY, allowedScopes: [] };
    world.rows.takesBatches = false;
    const settings = { environment: 'service' as const, scopes: ['keys:verify'] };
    const { id } = await world.keys.issue(ANN, APPLICATION, settings);
    expect(row({ id }).scopes).toEqual(['keys:verify']);
    expect(world.permissions.locked).toEqual(['application']);
  });

  it.each([
    ['scopes', () => ({ scopes: ['a:read', 'b'] })],
    ['expiry', () => ({ expiresAt: days(31) })],
    ['addresses', () => ({ ipAllowlist: [] })],
  ])('is not broken by a change of the %s of a key', async (_what, changes) => {
    const key = await issued(obeying());
    world.permissions.policy = POLICY;
    expect(await codeOf(world.keys.change(ANN, APPLICATION, key, changes()))).toBe('policy_violation');
    expect(row(key)).toMatchObject({ ...obeying(), version: 1 });
    expect(world.freshness.awaited).toEqual([]);
  });

  it('lets no key work again that breaks it, and does let it be made safer', async () => {
    const key = await issued();
    await world.keys.change(ANN, APPLICATION, key, { enabled: false });
    world.permissions.policy = POLICY;
    const disabled = (await world.rows.find(key.id)).value!;
    expect(await codeOf(world.keys.change(ANN, APPLICATION, disabled, { enabled: true }))).toBe(
      'policy_violation',
    );
    expect(row(key).enabled).toBe(false);
    const again = (await world.rows.find(key.id)).value!;
    await world.keys.change(ANN, APPLICATION, again, { expiresAt: days(60) });
    expect(row(key).expiresAt).toEqual(days(60));
  });

  it.each([[{ name: 'another' }], [{ enabled: false }], [{ tags: ['till'], credits: null }]])(
    'may itself be changed while a key is in what it says nothing of: %j',
    async (changes) => {
      const key = await issued();
      world.permissions.policy = POLICY;
      await world.keys.change(ANN, APPLICATION, key, changes);
      expect(world.permissions.locked).toEqual([]);
    },
  );

  it('lets older secrets work beside a new one for no longer than a secret may before it is replaced', async () => {
    const key = await issued();
    world.permissions.policy = POLICY;
    expect(await codeOf(world.keys.rotate(ANN, key, { overlapSeconds: 86_401 }))).toBe('policy_violation');
    expect(row(key).secrets).toHaveLength(1);
    await world.keys.rotate(ANN, (await world.rows.find(key.id)).value!, { overlapSeconds: 86_400 });
    expect(row(key).secrets).toHaveLength(2);
    expect(world.permissions.locked).toEqual(['application', 'application']);
  });

  it('does not keep a key that breaks it from being rotated', async () => {
    const key = await issued();
    world.permissions.policy = POLICY;
    await world.keys.rotate(ANN, key, {});
    expect(row(key).secrets).toHaveLength(2);
    expect(world.permissions.locked).toEqual([]);
  });
});
