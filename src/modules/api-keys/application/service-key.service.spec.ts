import { beforeEach, describe, expect, it } from '@jest/globals';
import { MemoryKeys } from '../../../../test/api-keys/memory.js';
import { actor } from '../../../../test/support/actors.js';
import {
  ActingServiceKeys,
  ApplicationDeletionHooks,
  DEFAULT_POLICY,
  KeysOfMembers,
} from '../../applications/index.js';
import type { Transaction } from '../../../shared/transaction.js';
import { ActingServiceKey } from './acting-service-key.js';
import { RevokeKeysOfMembers } from './revoke-keys-of-members.js';
import { RevokeKeysOnApplicationDeletion } from './revoke-keys-on-application-deletion.js';
import { ServiceKeyService } from './service-key.service.js';

const ANN = actor('ann');
const TX = { actor: ANN, record: () => undefined } as unknown as Transaction;

let world: MemoryKeys;
let services: ServiceKeyService;

beforeEach(() => {
  world = new MemoryKeys();
  services = new ServiceKeyService(world.keys, world.rows, world.clock, world.freshness.asFreshness());
});

describe('A service key', () => {
  it('is a key of an application, or of the platform, for a machine', async () => {
    const { id, plaintext } = await services.issue(
      ANN,
      { id: 'application' },
      {
        name: 'ingest',
        scopes: ['keys:verify'],
      },
    );
    expect(plaintext.reveal()).toMatch(/^upblit_service_/);
    expect(await services.get('application', id)).toMatchObject({
      name: 'ingest',
      environment: 'service',
      scopes: ['keys:verify'],
    });
    const platform = await services.issue(ANN, null, {});
    expect(await services.get(null, platform.id)).toMatchObject({ applicationId: null });
  });

  it('is found where it belongs alone', async () => {
    const { id } = await services.issue(ANN, { id: 'application' }, {});
    const handedOut = await world.keys.issue(ANN, { id: 'application', scopes: null }, {});
    for (const [applicationId, other] of [
      ['another', id],
      [null, id],
      ['application', handedOut.id],
      ['application', 'nothing'],
    ] as const) {
      await expect(services.get(applicationId, other)).rejects.toMatchObject({
        code: 'service_key_not_found',
      });
    }
  });

  it('is listed with the others of its application, or of the platform, in pages of their own', async () => {
    const [one, two] = [
      await services.issue(ANN, { id: 'a' }, {}),
      await services.issue(ANN, { id: 'a' }, {}),
    ];
    const platform = await services.issue(ANN, null, {});
    await world.keys.issue(ANN, { id: 'a', scopes: null }, {});
    const page = await services.list('a', { limit: 1 });
    expect(page.data.map(({ id }) => id)).toEqual([one.id]);
    expect((await services.list('a', {})).data.map(({ id }) => id)).toEqual([one.id, two.id]);
    expect((await services.list(null, {})).data.map(({ id }) => id)).toEqual([platform.id]);
    for (const other of [null, 'b']) {
      await expect(services.list(other, { cursor: page.nextCursor! })).rejects.toMatchObject({
        code: 'invalid_cursor',
      });
    }
  });

  it('is not issued when it breaks the policy of its application', async () => {
    const storedPolicy = { ...DEFAULT_POLICY, requireExpiry: true };
    world.permissions.policy = storedPolicy;
    await expect(services.issue(ANN, { id: 'application', storedPolicy }, {})).rejects.toMatchObject({
      code: 'policy_violation',
    });
    expect(world.rows.rows.size).toBe(0);
  });

  it('may have scopes that its application does not declare, and is changed, rotated and revoked as others', async () => {
    const { id } = await services.issue(ANN, { id: 'application' }, {});
    const changed = await services.change(ANN, await services.get('application', id), {
      scopes: ['apikeys:read'],
    });
    expect(changed.scopes).toEqual(['apikeys:read']);
    const rotated = await services.rotate(ANN, await services.get('application', id), {});
    expect(rotated).toMatchObject({ id });
    await services.revoke(ANN, await services.get('application', id));
    expect((await services.get('application', id)).revokedAt).toEqual(world.clock.now());
    expect(world.freshness.awaited).toHaveLength(3);
  });
});

describe('A service key that changes something', () => {
  it.each([
    ['good', null],
    ['busy', 'edit_conflict'],
    ['ended', 'invalid_service_key'],
  ] as const)('is asked whether it still may: it is %s', async (state, code) => {
    world.rows.actingServiceKey = state;
    const acting = new ActingServiceKeys();
    new ActingServiceKey(acting, world.rows).onModuleInit();
    const refusal = await acting.refusalOf('application', TX);
    expect(refusal?.code ?? null).toBe(code);
    expect(world.rows.actingScope).toBe('apikeys:write');
  });
});

describe('Keys whose application is deleted', () => {
  it('are revoked in the same transaction', async () => {
    const hooks = new ApplicationDeletionHooks();
    new RevokeKeysOnApplicationDeletion(hooks, world.rows).onModuleInit();
    const now = new Date();
    await hooks.onApplicationDeleted('application', now, TX);
    expect(world.rows.revokedOf).toEqual(['application', now, TX]);
  });
});

describe('Keys of somebody who is taken out of an application', () => {
  async function revokeSome() {
    const members = new KeysOfMembers();
    new RevokeKeysOfMembers(members, world.rows).onModuleInit();
    const { value } = await world.unitOfWork.run(ANN, (tx) =>
      members.revokeSomeMadeBy(ANN, 'application', world.clock.now(), tx),
    );
    return value;
  }

  it('are revoked five hundred at a time, until there are no more', async () => {
    for (let i = 0; i < 501; i += 1) await world.keys.issue(ANN, { id: 'application', scopes: null }, {});
    await world.keys.issue(actor('bob'), { id: 'application', scopes: null }, {});
    await world.keys.issue(ANN, { id: 'another', scopes: null }, {});
    expect(await revokeSome()).toEqual({ revoked: 500, mayBeMore: true });
    const revoked = [...world.rows.rows.values()].filter(({ revokedAt }) => revokedAt !== null);
    expect(new Set(revoked.map((key) => `${key.createdBySubject} ${key.applicationId}`))).toEqual(
      new Set(['ann application']),
    );
    expect(await revokeSome()).toEqual({ revoked: 1, mayBeMore: false });
  });
});
