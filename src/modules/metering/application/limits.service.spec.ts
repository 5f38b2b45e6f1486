import { beforeEach, describe, expect, it } from '@jest/globals';
import { MemoryPermissions } from '../../../../test/api-keys/memory.js';
import { actor } from '../../../../test/support/actors.js';
import { MemoryFreshness, MemoryUnitOfWork } from '../../../../test/support/memory-unit-of-work.js';
import type { ApplicationLimits } from '../domain/application-limits.js';
import type { ApplicationLimitsRepository } from '../domain/application-limits.repository.js';
import type { CreditBalances } from '../domain/credit-balances.js';
import { LimitsService } from './limits.service.js';

const ANN = actor('ann');
const NONE: ApplicationLimits = { rateLimits: [], credits: null };

let unitOfWork: MemoryUnitOfWork;
let freshness: MemoryFreshness;
let permissions: MemoryPermissions;
let limits: ApplicationLimits;
/** What a server knows that is behind; null when there is none. */
let older: ApplicationLimits | null;
let remaining: number;
let service: LimitsService;

beforeEach(() => {
  unitOfWork = new MemoryUnitOfWork();
  freshness = new MemoryFreshness();
  permissions = new MemoryPermissions();
  limits = NONE;
  older = null;
  remaining = 5;
  const repository: ApplicationLimitsRepository = {
    find: () => Promise.resolve({ value: older ?? limits, asOf: 0 }),
    reread: () => Promise.resolve(limits),
    change: (_id, changes) => {
      const before = limits;
      limits = { ...limits, ...(changes as Partial<ApplicationLimits>) };
      unitOfWork.wrote(() => (limits = before));
      return Promise.resolve();
    },
  };
  const write = (amount: number) => {
    const before = remaining;
    remaining = amount;
    unitOfWork.wrote(() => (remaining = before));
    return Promise.resolve({ remaining, refill: null });
  };
  const balances: Pick<CreditBalances, 'set' | 'add'> = {
    set: (_subject, amount) => write(amount),
    add: (_subject, amount) => write(remaining + amount),
  };
  service = new LimitsService(
    unitOfWork,
    permissions.asService(),
    repository,
    balances as CreditBalances,
    freshness.asFreshness(),
  );
});

const RATE_LIMITS = [{ name: 'burst', limit: 5, windowSeconds: 1, cost: 1 }];

describe('The limits that the keys of an application share', () => {
  it('are told as they are after a change, which holds on every node then', async () => {
    expect(await service.get('application')).toEqual(NONE);
    expect(await service.change(ANN, 'application', { rateLimits: RATE_LIMITS })).toEqual({
      ...NONE,
      rateLimits: RATE_LIMITS,
    });
    expect(freshness.awaited).toEqual([expect.any(Number)]);
    expect(permissions.asked).toEqual(['still manage-keys application']);
    expect(unitOfWork.actors).toEqual([ANN]);
  });

  it('are told as the change has written them, though a server answers after it that knows less', async () => {
    older = NONE;
    expect(await service.change(ANN, 'application', { rateLimits: RATE_LIMITS })).toEqual({
      ...NONE,
      rateLimits: RATE_LIMITS,
    });
  });

  it('stay as they were when who changes them may not any more', async () => {
    permissions.lateRefusals.set('application', 'insufficient_role');
    await expect(service.change(ANN, 'application', { rateLimits: RATE_LIMITS })).rejects.toMatchObject({
      code: 'insufficient_role',
    });
    expect(await service.get('application')).toEqual(NONE);
  });
});

describe('A balance', () => {
  const subject = { kind: 'key', id: 'key', applicationId: 'application' } as const;

  it('is set, or added to, and holds at once: no node keeps it in memory', async () => {
    expect(await service.changeBalance(ANN, subject, { set: 0 })).toEqual({ remaining: 0, refill: null });
    expect(await service.changeBalance(ANN, subject, { add: 7 })).toEqual({ remaining: 7, refill: null });
    expect(freshness.awaited).toEqual([]);
    expect(permissions.asked).toEqual(Array(2).fill('still manage-keys application'));
  });

  it('stays as it was when who changes it may not any more', async () => {
    permissions.lateRefusals.set('application', 'not_application_owner');
    await expect(service.changeBalance(ANN, subject, { set: 9 })).rejects.toMatchObject({
      code: 'not_application_owner',
    });
    expect(remaining).toBe(5);
  });
});
