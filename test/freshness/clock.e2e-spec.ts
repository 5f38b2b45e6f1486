import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { Client, verify, type CreatedKey } from '../support/builders.js';
import { eventually } from '../support/eventually.js';
import { NodeProcess } from '../chaos/node-process.js';

const LEASE_MS = 1000;

describe('A node whose clock is set back by an hour', () => {
  let database: TestDatabase;
  let node: NodeProcess;
  let other: NodeProcess;
  let owner: Client;
  let application: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    const env = { VERIFY_LEASE_MS: String(LEASE_MS) };
    [node, other] = await Promise.all([
      NodeProcess.start('set back', database.url, env, ['clock-on-signal.mjs']),
      NodeProcess.start('right', database.url, env),
    ]);
    owner = await Client.signedIn(other);
    application = await owner.createApplication();
  }, 60_000);

  afterAll(async () => {
    await Promise.all([node.stop(), other.stop()]);
    await database.drop();
  });

  it('does not take its lease for good for an hour longer', async () => {
    const { id, key } = await known();
    node.proxy.hold();
    await node.setClockBack();
    await owner.delete(`/apikey/${id}`).expect(204);
    const verdict = verify(node, key);
    // What it answers from memory, it answers at once; for anything else it has to wait for the database.
    await Promise.race([verdict, afterAWhile()]);
    await node.proxy.restore();

    expect(await verdict).toEqual({ valid: false, code: 'REVOKED' });
  });

  it('goes on with the next renewal: it verifies from memory, and holds up no revocation', async () => {
    const { id, key } = await known();
    await node.setClockBack();
    expect(await verify(node, key)).toMatchObject({ valid: true });
    await eventually(async () => {
      // From memory, since the database does not answer.
      node.proxy.hold();
      const verdict = await Promise.race([verify(node, key), afterAWhile()]);
      await node.proxy.restore();
      expect(verdict).toMatchObject({ valid: true });
    });
    await eventually(async () => {
      const began = performance.now();
      await owner.delete(`/apikey/${id}`).expect(204);
      expect(performance.now() - began).toBeLessThan(LEASE_MS / 2);
    });
    expect(await verify(node, key)).toEqual({ valid: false, code: 'REVOKED' });
  });

  it('lets no key live an hour longer', async () => {
    const expiresAt = new Date(Date.now() + 1000).toISOString();
    const { key } = await known({ expiresAt });
    await node.setClockBack();
    await eventually(async () => {
      expect(await verify(node, key)).toEqual({ valid: false, code: 'EXPIRED' });
    }, 3000);
  });

  /** A new key that the node has in memory. */
  async function known(body: object = {}): Promise<CreatedKey> {
    const issued = await owner.issueKey(application, body);
    expect(await verify(node, issued.key)).toMatchObject({ valid: true });
    return issued;
  }
});

function afterAWhile(): Promise<string> {
  return new Promise((resolve) => {
    setTimeout(() => {
      resolve('nothing');
    }, LEASE_MS / 4);
  });
}
