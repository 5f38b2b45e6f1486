import { describe, expect, it } from '@jest/globals';
import { actor } from '../../../../test/support/actors.js';
import type { Actor } from '../../../shared/actor.js';
import type { Application, ApplicationService } from '../../applications/index.js';
import type { Freshness } from '../../freshness/index.js';
import type { HygieneRecords } from './hygiene-records.js';
import { HygieneService } from './hygiene.service.js';

const APPLICATION = { id: 'application', owner: { issuer: 'local', subject: 'ann' } } as Application;

describe('looking at all keys of an application', () => {
  const service = new HygieneService(
    {} as HygieneRecords,
    { permits: () => Promise.resolve(true) } as unknown as ApplicationService,
    { read: () => Promise.resolve({}) } as unknown as Freshness,
  );

  function look(by: Actor): Promise<string> {
    return service.summarize(by, APPLICATION).then(
      () => 'done',
      (error: unknown) => (error as { code: string }).code,
    );
  }

  it('has room for who comes from elsewhere, however many accounts there are in one network', async () => {
    const flood = Array.from({ length: 30 }, (_, index) => look(actor(`person ${index}`)));
    expect(await look({ ...actor('ann'), address: '198.51.100.1' })).toBe('done');
    expect((await Promise.all(flood)).filter((answer) => answer === 'done')).toHaveLength(20);
  });

  it('lets nobody wait with more than ten of theirs', async () => {
    const answers = Array.from({ length: 13 }, (_, index) =>
      look({ ...actor('ann'), address: `192.0.2.${index}` }),
    );
    expect((await Promise.all(answers)).filter((answer) => answer === 'done')).toHaveLength(11);
  });
});
