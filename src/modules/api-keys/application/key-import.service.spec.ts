import { beforeEach, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { MemoryKeys } from '../../../../test/api-keys/memory.js';
import { actor } from '../../../../test/support/actors.js';
import { SERVICE_KEY_ISSUER, type Actor } from '../../../shared/actor.js';
import { DEFAULT_POLICY } from '../../applications/index.js';
import type { DomainError } from '../../../shared/domain-error.js';
import type { KeyImportService, KeyToImport } from './key-import.service.js';

const ANN = actor('ann');
const APPLICATION = { id: 'application', scopes: null, owner: { issuer: 'local', subject: 'ann' } };

let world: MemoryKeys;
let service: KeyImportService;

beforeEach(() => {
  world = new MemoryKeys();
  service = world.imports;
});

function key(text: string, more: Partial<KeyToImport> = {}): KeyToImport {
  return { sha256: createHash('sha256').update(text).digest(), prefix: 'sk_live', ...more };
}

describe('Importing keys', () => {
  it('keeps the hash of each under the pepper, in their order, once that holds on every node', async () => {
    const results = await service.import(ANN, APPLICATION, [
      key('one', { name: 'of the till' }),
      key('two', { environment: 'test' }),
    ]);
    expect(results).toEqual([
      { outcome: 'imported', id: expect.any(String) },
      { outcome: 'imported', id: expect.any(String) },
    ]);
    const [one, two] = results.map((result) => world.rows.rows.get('id' in result ? result.id : ''));
    expect(one).toMatchObject({
      name: 'of the till',
      environment: 'live',
      applicationId: 'application',
      createdBySubject: 'ann',
    });
    expect(two).toMatchObject({ environment: 'test' });
    expect(one?.secrets).toMatchObject([
      {
        apiKeyId: one?.id,
        hash: world.hasher.hashDigest(key('one').sha256).bytes,
        imported: true,
        importedFor: 'application',
        createdAt: world.clock.now(),
        tagVersion: null,
      },
    ]);
    expect(one?.hint).toContain('sk_live');
    expect(world.events()).toEqual(['ApiKeyImported', 'ApiKeyImported']);
    expect(world.freshness.awaited).toEqual([expect.any(Number)]);
    expect(world.permissions.asked).toEqual(['still manage-keys application']);
    expect(world.unitOfWork.actors).toEqual([ANN]);
  });

  it('leaves alone what the application has, which is told at its place', async () => {
    await service.import(ANN, APPLICATION, [key('two')]);
    expect(await service.import(ANN, APPLICATION, [key('one'), key('two'), key('three')])).toMatchObject([
      { outcome: 'imported' },
      { outcome: 'exists' },
      { outcome: 'imported' },
    ]);
  });

  it('takes none that begins as keys do that are made here: nobody would look for it', async () => {
    const keys = [key('one'), key('two', { prefix: 'upblit_live' }), key('three', { prefix: 'upblit_' })];
    await expect(service.import(ANN, APPLICATION, keys)).rejects.toMatchObject({
      code: 'validation_failed',
      details: { errors: [{ field: 'keys.1.prefix' }] },
    });
    expect(world.rows.rows.size).toBe(0);
  });

  it('is tried by a preview, which leaves nothing and waits for nobody', async () => {
    await service.import(ANN, APPLICATION, [key('two')]);
    world.events();
    world.freshness.awaited.length = 0;
    expect(await service.preview(ANN, APPLICATION, [key('one'), key('two')])).toEqual([
      { outcome: 'importable' },
      { outcome: 'exists' },
    ]);
    expect(world.rows.rows.size).toBe(1);
    expect(world.events()).toEqual([]);
    expect(world.freshness.awaited).toEqual([]);
    world.permissions.lateRefusals.set('application', 'insufficient_role');
    await expect(service.preview(ANN, APPLICATION, [key('one')])).rejects.toMatchObject({
      code: 'insufficient_role',
    });
  });

  it('takes nothing when a key that is new breaks the policy of the application, and tells which do', async () => {
    await service.import(ANN, APPLICATION, [key('one')]);
    world.permissions.policy = { ...DEFAULT_POLICY, requireExpiry: true };
    const expiresAt = new Date(world.clock.epochMs() + 1000);
    const keys = [key('one'), key('two', { expiresAt }), key('three'), key('four')];
    const refusal = {
      code: 'policy_violation',
      message: expect.stringContaining('(requireExpiry)'),
      details: { errors: [{ field: 'keys.2.expiresAt' }, { field: 'keys.3.expiresAt' }] },
    };
    await expect(service.import(ANN, APPLICATION, keys)).rejects.toMatchObject(refusal);
    await expect(service.preview(ANN, APPLICATION, keys)).rejects.toMatchObject(refusal);
    expect(world.rows.rows.size).toBe(1);
    expect(await service.import(ANN, APPLICATION, keys.slice(0, 2))).toMatchObject([
      { outcome: 'exists' },
      { outcome: 'imported' },
    ]);
  });

  it('tells of twenty keys that break the policy, however many do', async () => {
    world.permissions.policy = { ...DEFAULT_POLICY, requireExpiry: true };
    const keys = Array.from({ length: 21 }, (_, index) => key(`key ${index}`));
    await expect(service.import(ANN, APPLICATION, keys)).rejects.toMatchObject({
      details: { errors: Array(20).fill({ message: expect.any(String) }) },
    });
  });

  it('is taken back when its caller may not any more', async () => {
    world.permissions.lateRefusals.set('application', 'insufficient_role');
    await expect(service.import(ANN, APPLICATION, [key('one')])).rejects.toMatchObject({
      code: 'insufficient_role',
    });
    expect(world.rows.rows.size).toBe(0);
  });

  it('lets others have their turn in between', async () => {
    let turns = 0;
    let isOver = false;
    const count = (): void => {
      turns += 1;
      if (!isOver) setImmediate(count);
    };
    count();
    const keys = Array.from({ length: 200 }, (_, index) => key(`key ${index}`));
    await service.import(ANN, APPLICATION, keys);
    isOver = true;
    expect(turns).toBeGreaterThanOrEqual(4);
    // Not after each key, which would keep the import waiting.
    expect(turns).toBeLessThan(100);
  });

  it('is refused when too many import at once, a person after the other', async () => {
    const attempts = Array.from({ length: 40 }, (_, index) => attempt(actor(`person ${index}`), index));
    const answers = await Promise.all(attempts);
    // One under way, and twenty that wait.
    expect(answers.filter((answer) => answer === 'done')).toHaveLength(21);
    expect(answers.filter((answer) => answer === 'service_unavailable, try again in 5')).toHaveLength(19);
    expect(world.rows.rows.size).toBe(21);
  });

  it('has room for who comes from elsewhere, however many accounts there are in one network', async () => {
    const flood = Array.from({ length: 40 }, (_, index) => attempt(actor(`person ${index}`), index));
    const ann = attempt({ ...ANN, address: '198.51.100.1' }, 41);
    expect(await ann).toBe('done');
    expect((await Promise.all(flood)).filter((answer) => answer === 'done')).toHaveLength(20);
  });

  it('lets nobody wait with more than ten of theirs, with whichever service keys', async () => {
    const machine = { ...actor('a service key', SERVICE_KEY_ISSUER), serviceOf: APPLICATION.id };
    const answers = await Promise.all([
      ...Array.from({ length: 7 }, (_, index) => attempt({ ...ANN, address: `192.0.2.${index}` }, index)),
      ...Array.from({ length: 6 }, (_, index) => attempt(machine, index + 7)),
    ]);
    expect(answers).toEqual([
      ...Array<string>(11).fill('done'),
      ...Array<string>(2).fill('service_unavailable, try again in 5'),
    ]);
  });

  function attempt(by: Actor, index: number): Promise<string> {
    return service.import(by, APPLICATION, [key(`key ${index}`)]).then(
      () => 'done',
      (error: unknown) => {
        const { code, details } = error as DomainError;
        return `${code}, try again in ${details.retryAfter}`;
      },
    );
  }
});
