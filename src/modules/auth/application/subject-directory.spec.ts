import { beforeEach, describe, expect, it } from '@jest/globals';
import { MemoryUsers } from '../../../../test/auth/memory.js';
import { actor } from '../../../../test/support/actors.js';
import { MemoryUnitOfWork } from '../../../../test/support/memory-unit-of-work.js';
import type { TrustedIssuer } from '../domain/trusted-issuer.js';
import { TrustedIssuers } from './access-token-verifier.js';
import { SubjectDirectory } from './subject-directory.js';

const ISSUER = 'https://issuer.example';

let unitOfWork: MemoryUnitOfWork;
let directory: SubjectDirectory;

beforeEach(() => {
  unitOfWork = new MemoryUnitOfWork();
  const users = new MemoryUsers(unitOfWork);
  users.has({ id: 'ann', email: 'ann@example.org', password: 'correct horse' });
  const trusted = [ISSUER, 'https://other.example'].map(
    (name) => [`${name}/`, { principalIssuer: name } as TrustedIssuer] as const,
  );
  directory = new SubjectDirectory(users, new TrustedIssuers(trusted));
});

describe('Whom a caller names', () => {
  it('is known when they have registered, or are of an issuer whose tokens are taken', async () => {
    await directory.assertKnown({ issuer: 'local', subject: 'ann' });
    await directory.assertKnown({ issuer: ISSUER, subject: 'whoever' });
  });

  it('is refused when they have not, or are of another issuer', async () => {
    await expect(directory.assertKnown({ issuer: 'local', subject: 'bob' })).rejects.toMatchObject({
      code: 'user_not_found',
    });
    await expect(directory.assertKnown({ issuer: `${ISSUER}/`, subject: 'ann' })).rejects.toMatchObject({
      code: 'validation_failed',
      details: { errors: [{ field: 'issuer' }] },
    });
  });
});

describe('The accounts of people', () => {
  it('are those of this service alone, whatever the people of other issuers are called', async () => {
    const people = [
      { issuer: 'local', subject: 'ann' },
      { issuer: 'local', subject: 'bob' },
    ];
    const account = { email: 'ann@example.org', isEmailVerified: false };
    expect([...(await directory.accountsOf(people))]).toEqual([['ann', account]]);
    expect([...(await directory.accountsOf([{ issuer: ISSUER, subject: 'ann' }]))]).toEqual([]);
  });
});

describe('Who acts', () => {
  it.each([
    ['has an account', actor('ann'), undefined],
    ['has deleted it', actor('bob'), 'invalid_token'],
    ['is of another issuer', actor('bob', ISSUER), undefined],
  ])('and %s', async (_, who, code) => {
    const kept = unitOfWork.run(who, (tx) => directory.keepActor(tx));
    const refusal = await kept.then(
      () => undefined,
      (error: unknown) => (error as { code: string }).code,
    );
    expect(refusal).toBe(code);
  });
});
