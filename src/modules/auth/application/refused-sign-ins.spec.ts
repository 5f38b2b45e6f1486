import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { ATTEMPTS, MemoryAuth } from '../../../../test/auth/memory-world.js';
import type { UnitOfWork } from '../../../shared/unit-of-work.js';
import { RefusedSignInsRecorder } from './refused-sign-ins.js';

const ADDRESS = '192.0.2.1';

let world: MemoryAuth;
let warnings: string[];

beforeEach(() => {
  world = new MemoryAuth();
  world.users.has({ id: 'ann', email: 'ann@example.org', password: 'correct horse' });
  warnings = [];
  jest.spyOn(Logger.prototype, 'warn').mockImplementation((message) => void warnings.push(message as string));
});

afterEach(() => {
  jest.restoreAllMocks();
});

function refuse(account: string, times = 1): void {
  for (let i = 0; i < ATTEMPTS + times; i += 1) {
    try {
      world.limiter.countAttempt('login', account, ADDRESS);
    } catch {
      // It is what is recorded.
    }
  }
}

describe('Sign-ins that are refused', () => {
  it('are recorded once for each window, of the account that is tried, and by nobody', async () => {
    const recorder = new RefusedSignInsRecorder(world.limiter, world.unitOfWork, world.users);
    refuse('ann@example.org', 3);
    await recorder.onModuleDestroy();
    expect(world.unitOfWork.committed).toEqual([
      {
        name: 'SignInsRefused',
        applicationId: null,
        target: { kind: 'user', id: 'ann' },
        before: null,
        after: { counted: 'account', limit: ATTEMPTS, windowSeconds: 60 },
      },
    ]);
    expect(world.unitOfWork.actors).toMatchObject([
      { issuer: 'system', subject: 'sign-in', address: ADDRESS },
    ]);
  });

  it('are recorded without what was tried in place of an email of ours', async () => {
    const recorder = new RefusedSignInsRecorder(world.limiter, world.unitOfWork, world.users);
    refuse('correct horse');
    for (let i = 0; i <= 1000; i += 1) {
      try {
        world.limiter.countCall('login', ADDRESS);
      } catch {
        // It is what is recorded.
      }
    }
    await recorder.onModuleDestroy();
    const target = { kind: 'system', id: 'sign-in' };
    expect(world.unitOfWork.committed).toMatchObject([
      { target, after: { counted: 'account' } },
      { target, after: { counted: 'address', limit: 1000 } },
    ]);
    expect(JSON.stringify(world.unitOfWork.committed)).not.toContain('correct horse');
  });

  it('that could not be recorded are told by the log, and those after them are recorded', async () => {
    const recorder = new RefusedSignInsRecorder(world.limiter, world.unitOfWork, world.users);
    const findByEmail = world.users.findByEmail.bind(world.users);
    world.users.findByEmail = () => {
      world.users.findByEmail = findByEmail;
      return Promise.reject(new Error('away'));
    };
    refuse('ann@example.org');
    refuse('bob@example.org');
    await recorder.onModuleDestroy();
    expect(warnings).toEqual([`Sign-ins from ${ADDRESS} are refused, which was not recorded: Error: away`]);
    expect(world.unitOfWork.committed).toHaveLength(1);
  });

  it('take bounded memory while they wait: the log has the rest', async () => {
    let free: () => void = () => undefined;
    const blocked = new Promise<void>((resolve) => (free = resolve));
    const slow: UnitOfWork = {
      run: async (...call) => {
        await blocked;
        return world.unitOfWork.run(...call);
      },
      rehearse: (...call) => world.unitOfWork.rehearse(...call),
    };
    const recorder = new RefusedSignInsRecorder(world.limiter, slow, world.users);
    for (let i = 0; i < 102; i += 1) refuse(`somebody${i}@example.org`);
    expect(warnings).toEqual(
      Array.from(
        { length: 2 },
        () => `Sign-ins from ${ADDRESS} are refused, and too many others to record it`,
      ),
    );
    free();
    await recorder.onModuleDestroy();
    expect(world.unitOfWork.committed).toHaveLength(100);
    // There is room again.
    refuse('ann@example.org');
    await recorder.onModuleDestroy();
    expect(world.unitOfWork.committed).toHaveLength(101);
  });
});
