import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Client, type CreatedKey } from '../../support/builders.js';
import { eventually } from '../../support/eventually.js';
import { NodeProcess } from '../node-process.js';
import { endPooledConnections } from './faults.js';
import { giveUpCommits } from './given-up-commits.js';
import type { Member } from './member.js';
import { startPatroniCluster, type PatroniCluster } from './patroni-cluster.js';
import { SERVICE_KEY } from '../../support/service-key.js';

/** A machine that is busy takes its time for three servers, and for an election. */
const PATIENCE_MS = 300_000;
const GIVING_UP_MS = 2000;

describe('On PostgreSQL with a synchronous standby, nodes', () => {
  let cluster: PatroniCluster;
  let leader: Member;
  let nodes: [NodeProcess, NodeProcess];
  let client: Client;
  let application: string;

  beforeAll(async () => {
    cluster = await startPatroniCluster();
    leader = await cluster.leader();
    nodes = [await NodeProcess.start('a', cluster.url, {}), await NodeProcess.start('b', cluster.url, {})];
    client = await Client.signedIn(nodes[0]);
    application = await client.createApplication();
  }, PATIENCE_MS);

  afterAll(async () => {
    await Promise.all(nodes.map((node) => node.stop()));
    await cluster.stop();
  }, PATIENCE_MS);

  afterEach(async () => {
    leader.leadClientsTo(leader);
    await leader.reconnect();
    await cluster.untilHealthy();
  }, PATIENCE_MS);

  it.each(['pg_cancel_backend', 'pg_terminate_backend'] as const)(
    'do not take a revocation for done whose wait for the standby was ended by %s, nor repeat it as done',
    async (by) => {
      const key = await knownKey();
      await leader.stopReplication();
      const givenUp = giveUpCommits(leader, by, GIVING_UP_MS);
      const first = await revoke(key);
      await givenUp;
      // Committed on the leader alone, so that it finds nothing to change.
      const second = await Promise.race([revoke(key), sleep(GIVING_UP_MS, 'no answer')]);

      expect(first).toBe(503);
      expect(second).not.toBe(204);

      await leader.reconnect();
      await eventually(async () => {
        expect(await revoke(key)).toBe(204);
      }, PATIENCE_MS);
      expect(await verdicts(key)).not.toContain('VALID');
      // A node that has just lost its connections may have to find its way back.
      await eventually(async () => {
        expect(await verdicts(key)).toEqual(['REVOKED', 'REVOKED']);
      }, PATIENCE_MS);
    },
    PATIENCE_MS,
  );

  it(
    'neither accept nor remember what a standby says that stands still',
    async () => {
      const { other } = await cluster.standbys();
      const keys: CreatedKey[] = [];
      for (let count = 0; count < 10; count += 1) keys.push(await knownKey());
      await other.query('SELECT pg_wal_replay_pause()');
      for (const key of keys) expect(await revoke(key)).toBe(204);

      leader.leadClientsTo(other);
      await endPooledConnections(leader);
      const meanwhile = await Promise.all(keys.map((key) => verdicts(key)));
      leader.leadClientsTo(leader);
      await endPooledConnections(other);
      await other.query('SELECT pg_wal_replay_resume()');

      expect(meanwhile.flat().filter((verdict) => verdict === 'VALID')).toEqual([]);
      await eventually(async () => {
        for (const key of keys) expect(await verdicts(key)).toEqual(['REVOKED', 'REVOKED']);
      }, PATIENCE_MS);
    },
    PATIENCE_MS,
  );

  it(
    'start although they are led to a standby at first',
    async () => {
      const { other } = await cluster.standbys();
      leader.leadClientsTo(other);
      const starting = NodeProcess.start('c', cluster.url, {});
      starting.catch(() => undefined);
      await sleep(GIVING_UP_MS);
      leader.leadClientsTo(leader);

      const node = await starting;
      try {
        await eventually(async () => {
          expect((await node.call('GET', '/health/ready')).status).toBe(200);
        }, PATIENCE_MS);
      } finally {
        await node.stop();
      }
    },
    PATIENCE_MS,
  );

  /** A new key that both nodes have in memory. */
  async function knownKey(): Promise<CreatedKey> {
    const key = await client.issueKey(application);
    expect(await verdicts(key)).toEqual(['VALID', 'VALID']);
    return key;
  }

  async function revoke({ id }: CreatedKey): Promise<number> {
    const { accessToken: token } = client.caller;
    return (await nodes[0].call('DELETE', `/apikey/${id}`, { token })).status;
  }

  /** What each node says, or the status when it says nothing. */
  function verdicts({ key }: CreatedKey): Promise<unknown[]> {
    return Promise.all(
      nodes.map(async (node) => {
        const { status, body } = await node.call('POST', '/apikey/verify', {
          token: SERVICE_KEY,
          body: { key },
        });
        return status === 200 ? (body as { code: string }).code : status;
      }),
    );
  }
});
