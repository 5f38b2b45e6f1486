import { describe, expect, it } from '@jest/globals';
import { Application, applicationNotFound } from './application.js';

const ID = '019b76da-a800-7000-8000-000000000001';
const CREATED = new Date('2026-05-27T10:00:00.000Z');
const NOW = new Date('2026-05-28T10:00:00.000Z');
const ANN = { issuer: 'local', subject: 'ann' };

describe('An application', () => {
  const bare = (): Application => Application.create(ID, ANN, { name: 'a' }, CREATED);
  const full = { name: 'b', description: 'what it is', environment: 'staging', scopes: ['read'] } as const;

  it('is a production one without a description, whose keys may have any scope, unless it says otherwise', () => {
    expect(bare()).toMatchObject({
      id: ID,
      name: 'a',
      description: null,
      environment: 'production',
      scopes: null,
      owner: ANN,
      createdAt: CREATED,
      updatedAt: CREATED,
      deletedAt: null,
    });
    expect(Application.create(ID, ANN, { ...full, scopes: [...full.scopes] }, CREATED)).toMatchObject(full);
  });

  it('is owned by one person of one issuer', () => {
    expect(bare().isOwnedBy({ ...ANN })).toBe(true);
    expect(bare().isOwnedBy({ ...ANN, subject: 'ben' })).toBe(false);
    expect(bare().isOwnedBy({ ...ANN, issuer: 'https://login.example/' })).toBe(false);
  });

  it.each([
    [{ name: 'c' }],
    [{ description: 'another' }],
    [{ description: null }],
    [{ environment: 'development' as const }],
    [{ scopes: ['write'] }],
    [{ scopes: null }],
    [{}],
  ])('changes what a change names and nothing else: %j', (changes) => {
    const application = Application.create(ID, ANN, { ...full, scopes: [...full.scopes] }, CREATED);
    application.change(changes, NOW);
    expect(application).toMatchObject({
      ...full,
      ...changes,
      owner: ANN,
      createdAt: CREATED,
      updatedAt: NOW,
    });
  });

  it('that is not there is called so', () => {
    expect(applicationNotFound()).toMatchObject({
      code: 'application_not_found',
      detail: expect.stringContaining('GET /applications'),
    });
  });
});
