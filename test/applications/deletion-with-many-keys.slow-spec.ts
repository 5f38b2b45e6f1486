import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client, verify } from '../support/builders.js';
import { insertIdleKeys } from '../support/many-keys.js';
import { TestApp } from '../support/test-app.js';

/** Three times as many as one statement could revoke before it was timed out, on a machine of two cores. */
const KEYS = 250_000;

describe('an application with 250,000 keys that are disabled or expired', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start({ env: { MAX_ACTIVE_KEYS_PER_APPLICATION: '10' } });
  });
  afterAll(() => app.stop());

  it('can be deleted', async () => {
    const owner = await Client.signedIn(app);
    const applicationId = await owner.createApplication();
    for (let inserted = 0; inserted < KEYS; inserted += 50_000) {
      await insertIdleKeys(app, applicationId, 50_000);
    }
    const { key } = await owner.issueKey(applicationId);
    expect(await verify(app, key)).toMatchObject({ valid: true });
    await owner.delete(`/applications/${applicationId}`).expect(204);
    expect(await verify(app, key)).toEqual({ valid: false, code: 'REVOKED' });
  });
});
