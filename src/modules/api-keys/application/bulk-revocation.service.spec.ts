import { beforeEach, describe, expect, it } from '@jest/globals';
import { MemoryKeys, revokedCopy } from '../../../../test/api-keys/memory.js';
import { actor } from '../../../../test/support/actors.js';
import type { ApiKeySettings } from '../domain/api-key.js';
import { BulkRevocationService } from './bulk-revocation.service.js';

const ANN = actor('ann');

let world: MemoryKeys;
let service: BulkRevocationService;

beforeEach(() => {
  world = new MemoryKeys();
  const { unitOfWork, rows, permissions, clock, freshness } = world;
  service = new BulkRevocationService(
    unitOfWork,
    rows,
    permissions.asService(),
    clock,
    freshness.asFreshness(),
  );
});

async function issued(application = 'application', settings: ApiKeySettings = {}): Promise<string> {
  return (await world.keys.issue(ANN, { id: application, scopes: null }, settings)).id;
}

function isRevoked(id: string): boolean {
  return (world.rows.rows.get(id)?.revokedAt ?? null) !== null;
}

function revokeBySomebody(id: string): void {
  world.rows.rows.set(id, revokedCopy(world.rows.rows.get(id)!, world.clock.now()));
}

describe('Revoking the keys that are named', () => {
  it('says what became of each, in their order, once it holds on every node', async () => {
    const [one, two, foreign, strange, service_] = [
      await issued(),
      await issued(),
      await issued('of somebody else'),
      await issued('where one may only read'),
      await issued('application', { environment: 'service' }),
    ];
    revokeBySomebody(two);
    world.permissions.refusals.set('of somebody else', 'not_application_owner');
    world.permissions.refusals.set('where one may only read', 'insufficient_role');
    expect(await service.revoke(ANN, { ids: [strange, two, 'nothing', one, foreign, service_] })).toEqual([
      { id: strange, outcome: 'forbidden' },
      { id: two, outcome: 'already_revoked' },
      { id: 'nothing', outcome: 'not_found' },
      { id: one, outcome: 'revoked' },
      { id: foreign, outcome: 'forbidden' },
      { id: service_, outcome: 'not_found' },
    ]);
    expect([one, foreign, strange, service_].map(isRevoked)).toEqual([true, false, false, false]);
    expect(world.freshness.awaited).toEqual([expect.any(Number)]);
    expect(world.unitOfWork.actors).toEqual([ANN]);
  });

  it('waits as well when they were all revoked before', async () => {
    const one = await issued();
    revokeBySomebody(one);
    expect(await service.revoke(ANN, { ids: [one] })).toEqual([{ id: one, outcome: 'already_revoked' }]);
    expect(world.freshness.awaited).toEqual([null]);
  });

  it('does not claim what somebody else has done in between', async () => {
    const one = await issued();
    world.rows.meanwhile = () => {
      world.rows.meanwhile = () => undefined;
      revokeBySomebody(one);
    };
    expect(await service.revoke(ANN, { ids: [one] })).toEqual([{ id: one, outcome: 'already_revoked' }]);
  });

  it('asks once for each application, and again at the end for those where it may, in the order of their ids', async () => {
    const ids = [await issued('b'), await issued('c'), await issued('a'), await issued('b')];
    world.permissions.refusals.set('c', 'not_application_owner');
    world.permissions.asked.length = 0;
    await service.revoke(ANN, { ids });
    expect(world.permissions.asked).toEqual([
      'manage-keys b',
      'manage-keys c',
      'manage-keys a',
      'still manage-keys a',
      'still manage-keys b',
    ]);
  });

  it('does not know the keys of an application that is gone', async () => {
    const one = await issued();
    world.permissions.refusals.set('application', null);
    expect(await service.revoke(ANN, { ids: [one] })).toEqual([{ id: one, outcome: 'not_found' }]);
    expect(isRevoked(one)).toBe(false);
  });

  it('revokes nothing when it cannot be told whether it may', async () => {
    const one = await issued();
    world.permissions.refusals.set('application', 'service_unavailable');
    await expect(service.revoke(ANN, { ids: [one] })).rejects.toMatchObject({ code: 'service_unavailable' });
    expect(isRevoked(one)).toBe(false);
  });

  it('is taken back when its caller may not any more, and stays when the application is gone by then', async () => {
    const one = await issued();
    world.permissions.lateRefusals.set('application', 'not_application_owner');
    await expect(service.revoke(ANN, { ids: [one] })).rejects.toMatchObject({
      code: 'not_application_owner',
    });
    expect(isRevoked(one)).toBe(false);
    world.permissions.lateRefusals.set('application', 'application_not_found');
    expect(await service.revoke(ANN, { ids: [one] })).toEqual([{ id: one, outcome: 'revoked' }]);
    expect(isRevoked(one)).toBe(true);
  });

  it('fails when the database does, in the last look at the permissions', async () => {
    const one = await issued();
    world.permissions.assertStillPermitted = () => Promise.reject(new Error('connection lost'));
    await expect(service.revoke(ANN, { ids: [one] })).rejects.toThrow('connection lost');
    expect(isRevoked(one)).toBe(false);
  });
});

describe('Revoking the keys that fit a filter', () => {
  it('revokes those of one application that are not revoked yet', async () => {
    const [one, two, other, machine] = [
      await issued(),
      await issued(),
      await issued('another'),
      await issued('application', { environment: 'service' }),
    ];
    revokeBySomebody(two);
    const filter = { tag: 'till' };
    expect(await service.revoke(ANN, { applicationId: 'application', filter })).toEqual([
      { id: one, outcome: 'revoked' },
    ]);
    expect([other, machine].map(isRevoked)).toEqual([false, false]);
    expect(world.rows.listed).toEqual({
      query: { tag: 'till', applicationId: 'application', notRevoked: true },
      page: { limit: 1000 },
    });
    expect(world.permissions.asked).toEqual(['manage-keys application', 'still manage-keys application']);
  });

  it('revokes a thousand at a time', async () => {
    const first = await issued();
    for (let i = 0; i < 1000; i += 1) world.rows.rows.set(`key ${i}`, rowLike(`key ${i}`, first));
    expect(await service.revoke(ANN, { applicationId: 'application', filter: {} })).toHaveLength(1000);
    expect([...world.rows.rows.keys()].filter((id) => !isRevoked(id))).toEqual(['key 999']);
  });

  it.each([
    ['application_not_found', null],
    ['insufficient_role', 'insufficient_role'],
  ] as const)('is refused with %s where it may not', async (code, refusal) => {
    const one = await issued();
    world.permissions.refusals.set('application', refusal);
    await expect(service.revoke(ANN, { applicationId: 'application', filter: {} })).rejects.toMatchObject({
      code,
    });
    expect(isRevoked(one)).toBe(false);
  });

  function rowLike(id: string, other: string) {
    const row = world.rows.rows.get(other)!;
    return Object.assign(Object.create(Object.getPrototypeOf(row) as object) as typeof row, row, { id });
  }
});
