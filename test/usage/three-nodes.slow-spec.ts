import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from '../support/builders.js';
import { servingUrlOf } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { AS_SERVICE } from '../support/service-key.js';
import { ServiceProcess } from '../support/service-process.js';
import { TEST_PEPPERS, TEST_SIGNING_KEY, TestApp } from '../support/test-app.js';

const VERIFICATIONS = 100_000;
/** Keys that are asked for in one call. */
const BATCH = 50;
/** Calls of one node that are under way at a time. */
const AT_ONCE = 8;

describe('The usage that processes of the service count on one PostgreSQL', () => {
  let app: TestApp;
  let owner: Client;

  beforeAll(async () => {
    // For managing alone: it verifies nothing.
    app = await TestApp.start();
    owner = await Client.signedIn(app);
  });
  afterAll(() => app.stop());

  function startNode(): Promise<ServiceProcess> {
    const env = {
      DATABASE_URL: servingUrlOf(app.database.url),
      API_KEY_PEPPERS: TEST_PEPPERS,
      JWT_SIGNING_KEY: TEST_SIGNING_KEY,
      LOG_LEVEL: 'error',
    };
    return ServiceProcess.start(env, import.meta.dirname);
  }

  async function countsOf(path: string): Promise<Record<string, number>> {
    const { body } = await owner.get(path).expect(200);
    return body.counts as Record<string, number>;
  }

  it('is exactly what was answered, 100,000 verifications on three of them, one of which is restarted', async () => {
    const applicationId = await owner.createApplication();
    const keys = await Promise.all(Array.from({ length: 20 }, () => owner.issueKey(applicationId)));
    const nodes = await Promise.all([startNode(), startNode(), startNode()]);
    const answered = new Map(keys.map(({ id }) => [id, 0]));
    let total = 0;
    let left = VERIFICATIONS / BATCH;

    const work = async (place: number): Promise<void> => {
      const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
      const worker = async (): Promise<void> => {
        while (left > 0) {
          left -= 1;
          const asked = Array.from({ length: BATCH }, (_, i) => keys[(left + i * 7) % keys.length]!);
          // One that ends takes no more calls; what it took it answers.
          while (!(await ask(nodes[place]!, asked, agent))) await sleep(20);
          for (const { id } of asked) answered.set(id, answered.get(id)! + 1);
          total += BATCH;
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, worker));
      agent.destroy();
    };
    const restart = async (): Promise<void> => {
      await eventually(() => {
        expect(total).toBeGreaterThan(VERIFICATIONS / 4);
      });
      await nodes[1].stop();
      nodes[1] = await startNode();
    };
    await Promise.all([work(0), work(1), work(2), restart()]);
    await Promise.all(nodes.map((node) => node.stop()));

    expect(total).toBe(VERIFICATIONS);
    expect((await countsOf(`/applications/${applicationId}/usage`)).VALID).toBe(VERIFICATIONS);
    for (const [id, times] of answered) {
      expect((await countsOf(`/apikey/${id}/usage`)).VALID).toBe(times);
    }
  }, 180_000);

  it('loses by kill -9 nothing that was written, counts nothing that was not asked, and loses nothing that was paid for', async () => {
    const applicationId = await owner.createApplication();
    const free = await owner.issueKey(applicationId);
    const paid = await owner.issueKey(applicationId, { credits: { remaining: 1_000_000 } });
    const node = await startNode();
    const agent = new Agent({ keepAlive: true });
    const early = Array.from({ length: BATCH }, () => free);
    expect(await ask(node, early, agent)).toBe(true);
    await eventually(async () => {
      expect((await countsOf(`/apikey/${free.id}/usage`)).VALID).toBe(BATCH);
    });
    for (let i = 0; i < 5; i++) {
      expect(await ask(node, [...early, ...early.map(() => paid)], agent)).toBe(true);
    }
    await node.kill();
    agent.destroy();
    const { VALID } = await countsOf(`/apikey/${free.id}/usage`);
    expect(VALID).toBeGreaterThanOrEqual(BATCH);
    expect(VALID).toBeLessThanOrEqual(6 * BATCH);
    expect((await countsOf(`/apikey/${paid.id}/usage`)).VALID).toBe(5 * BATCH);
    const { body } = await owner.get(`/apikey/${paid.id}`).expect(200);
    expect(body.credits.remaining).toBe(1_000_000 - 5 * BATCH);
  }, 60_000);
});

/** Whether it was answered. Throws for an answer that is none, or has another verdict. */
function ask(node: ServiceProcess, keys: readonly { key: string }[], agent: Agent): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', ...AS_SERVICE };
    const call = request(
      `${node.url}/apikey/verify/batch`,
      { method: 'POST', agent, headers },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('error', reject).on('end', () => {
          const { results } = JSON.parse(text) as { results?: { code: string }[] };
          if (results?.length === keys.length && results.every(({ code }) => code === 'VALID')) resolve(true);
          else reject(new Error(text));
        });
      },
    );
    call.on('error', () => {
      resolve(false);
    });
    call.end(JSON.stringify({ keys: keys.map(({ key }) => ({ key })) }));
  });
}
