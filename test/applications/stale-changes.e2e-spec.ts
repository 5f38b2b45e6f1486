import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ActingServiceKeys } from '../../src/modules/applications/application/acting-service-keys.js';
import {
  ApplicationDeletionHooks,
  ApplicationService,
  type Application,
} from '../../src/modules/applications/index.js';
import { SubjectDirectory } from '../../src/modules/auth/index.js';
import { Freshness } from '../../src/modules/freshness/index.js';
import { ApplicationQuotas } from '../../src/modules/applications/domain/application-quotas.js';
import { ApplicationRepository } from '../../src/modules/applications/domain/application.repository.js';
import { SystemClock } from '../../src/shared/clock.js';
import type { Transaction } from '../../src/shared/transaction.js';
import { UnitOfWork } from '../../src/shared/unit-of-work.js';
import { actor } from '../support/actors.js';
import { UNKNOWN_ID } from '../support/builders.js';
import { TestApp } from '../support/test-app.js';

const ANN = actor('ann', 'https://login.example/');

describe('an application that somebody else has changed since it was read', () => {
  let app: TestApp;
  let service: ApplicationService;
  let application: Application;
  const read = async (): Promise<Application> => (await service.authorize(application.id, ANN, 'read'))!;

  beforeAll(async () => {
    app = await TestApp.start();
    service = app.nest.get(ApplicationService);
  });
  afterAll(() => app.stop());
  beforeEach(async () => {
    application = await service.create(ANN, { name: 'a' });
  });

  it('keeps that change and takes this one', async () => {
    const stale = await read();
    await service.change(ANN, await read(), { name: 'b' });
    const both = await service.change(ANN, stale, { description: 'c' });
    expect(both).toMatchObject({ name: 'b', description: 'c' });
    expect(await read()).toMatchObject({ name: 'b', description: 'c' });
  });

  it('is changed when the others leave it alone at the fifth attempt, and otherwise is a conflict', async () => {
    await expect(whileOthersChangeIt(4).change(ANN, await read(), { name: 'b' })).resolves.toMatchObject({
      name: 'b',
    });
    await expect(whileOthersChangeIt(5).change(ANN, await read(), { name: 'c' })).rejects.toMatchObject({
      code: 'edit_conflict',
      detail: expect.stringContaining('read it again'),
    });
    expect(await read()).toMatchObject({ name: 'b' });
  });

  it('is not found when that change was its deletion', async () => {
    const [first, second, third] = [await read(), await read(), await read()];
    await service.delete(ANN, first);
    await expect(service.change(ANN, second, { name: 'b' })).rejects.toMatchObject({
      code: 'application_not_found',
    });
    await expect(service.delete(ANN, third)).rejects.toMatchObject({ code: 'application_not_found' });
  });

  it('is called absent only when it is', async () => {
    await expect(service.confirmAbsence(application.id)).rejects.toMatchObject({
      code: 'service_unavailable',
      details: { retryAfter: 1 },
    });
    await service.delete(ANN, await read());
    await expect(service.confirmAbsence(application.id)).resolves.toBeUndefined();
    await expect(service.confirmAbsence(UNKNOWN_ID)).resolves.toBeUndefined();
  });

  /** The service, while somebody changes the application before each of its first so many attempts. */
  function whileOthersChangeIt(times: number): ApplicationService {
    const repository = app.nest.get(ApplicationRepository);
    let left = times;
    const contended = Object.assign(Object.create(repository) as ApplicationRepository, {
      update: async (changed: Application, tx: Transaction) => {
        if (left-- > 0) {
          await app.query('UPDATE applications SET version = version + 1 WHERE id = $1', [changed.id]);
        }
        return repository.update(changed, tx);
      },
    });
    return new ApplicationService(
      app.nest.get(UnitOfWork),
      contended,
      app.nest.get(ApplicationDeletionHooks),
      app.nest.get(ActingServiceKeys),
      app.nest.get(SubjectDirectory, { strict: false }),
      app.nest.get(Freshness, { strict: false }),
      new SystemClock(),
      app.nest.get(ApplicationQuotas),
    );
  }
});
