import { expect, it } from '@jest/globals';
import { Client, verify } from '../support/builders.js';
import { createTestDatabase } from '../support/database.js';
import { TestApp } from '../support/test-app.js';

it('A node whose lease is in another database than its keys acknowledges no change, and says why', async () => {
  const [keys, leases] = await Promise.all([createTestDatabase(), createTestDatabase()]);
  const lines: string[] = [];
  const app = await TestApp.start({
    database: { ...keys, directUrl: leases.directUrl ?? leases.url },
    env: { LOG_LEVEL: 'warn' },
    log: { write: (line) => lines.push(line) },
  });
  try {
    const owner = await Client.signedIn(app);
    const { id, key } = await owner.issueKey(await owner.createApplication());
    expect(await verify(app, key)).toMatchObject({ valid: true });
    // It would be valid from memory for good.
    await owner.delete(`/apikey/${id}`).expect(503);
    expect(lines.join('')).toContain('DATABASE_DIRECT_URL lead to the same one?');
  } finally {
    await app.stop();
    await Promise.all([keys.drop(), leases.drop()]);
  }
});
