import { Agent, request as send } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client as Postgres } from 'pg';
import { Client } from '../support/builders.js';
import { eventually } from '../support/eventually.js';
import { ServiceProcess } from '../support/service-process.js';
import { TEST_PEPPERS, TEST_SIGNING_KEY, TestApp } from '../support/test-app.js';
import { AS_SERVICE } from '../support/service-key.js';

const NODES = 4;
/** Requests of one node that are under way at a time. */
const AT_ONCE = 250;

interface Tally {
  valid: number;
  exceeded: number;
  /** Requests whose connection ended without an answer. */
  unanswered: number;
}

/** Asks one node to verify a key, again and again, from AT_ONCE connections. */
class Caller {
  readonly tally: Tally = { valid: 0, exceeded: 0, unanswered: 0 };
  private readonly agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });

  constructor(
    private readonly node: ServiceProcess,
    private readonly key: string,
  ) {}

  /** Until so many verifications were asked for, or the node is gone. */
  async ask(times: number, atOnce = AT_ONCE): Promise<void> {
    let left = times;
    const worker = async (): Promise<void> => {
      while (left-- > 0 && this.tally.unanswered === 0) await this.askOnce();
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
    this.agent.destroy();
  }

  private async askOnce(): Promise<void> {
    try {
      const { valid, code } = await this.post(`${this.node.url}/apikey/verify`, { key: this.key });
      if (valid) this.tally.valid++;
      else if (code === 'USAGE_EXCEEDED') this.tally.exceeded++;
      else throw new RangeError(code);
    } catch (error) {
      if (error instanceof RangeError) throw error;
      this.tally.unanswered++;
    }
  }

  private post(url: string, body: object): Promise<{ valid: boolean; code: string }> {
    return new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json', ...AS_SERVICE };
      const request = send(url, { method: 'POST', agent: this.agent, headers }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('error', reject).on('end', () => {
          resolve(JSON.parse(text) as { valid: boolean; code: string });
        });
      });
      request.on('error', reject).end(JSON.stringify(body));
    });
  }
}

/**
 * Stands in front of the balances until every node has a statement waiting for them, and then lets all of them go at
 * once: what one of them has read is spent by another before it writes. Left to chance they would hardly ever meet.
 */
class Turnstile {
  private constructor(
    private readonly app: TestApp,
    private readonly session: Postgres,
  ) {}

  static async of(app: TestApp): Promise<Turnstile> {
    const session = new Postgres({ connectionString: app.database.url });
    await session.connect();
    return new Turnstile(app, session);
  }

  /** Does `meanwhile` when all nodes wait. */
  async gather(meanwhile: () => Promise<void> = () => Promise.resolve()): Promise<void> {
    await this.session.query('BEGIN');
    await this.session.query('SELECT FROM credit_balances FOR UPDATE');
    await eventually(async () => {
      const waiting = await this.app.query(
        `SELECT FROM pg_stat_activity
          WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%spend_credits%'`,
      );
      expect(waiting).toHaveLength(NODES);
    }, 30_000);
    await meanwhile();
    await this.session.query('COMMIT');
  }

  close(): Promise<void> {
    return this.session.end();
  }
}

function sum(callers: readonly Caller[], of: keyof Tally): number {
  return callers.reduce((total, { tally }) => total + tally[of], 0);
}

describe('credits on four nodes', () => {
  let app: TestApp;
  let owner: Client;
  let nodes: ServiceProcess[];
  let turnstile: Turnstile;

  beforeAll(async () => {
    app = await TestApp.start();
    turnstile = await Turnstile.of(app);
    owner = await Client.signedIn(app);
    const env = {
      DATABASE_URL: app.database.url,
      API_KEY_PEPPERS: TEST_PEPPERS,
      JWT_SIGNING_KEY: TEST_SIGNING_KEY,
      LOG_LEVEL: 'error',
      // On a busy machine too, every verification is to be answered: what is proved here is who gets a credit.
      VERIFY_LEASE_MS: '10000',
      VERIFY_UNKNOWN_KEYS_PER_SECOND: '1000000',
      DATABASE_POOL_WAIT_MS: '20000',
      DATABASE_STATEMENT_TIMEOUT_MS: '60000',
      RESPONSE_TIMEOUT_MS: '60000',
    };
    nodes = await Promise.all(
      Array.from({ length: NODES }, () => ServiceProcess.start(env, import.meta.dirname)),
    );
  }, 120_000);
  afterAll(async () => {
    await turnstile.close();
    await Promise.all(nodes.map((node) => node.kill()));
    await app.stop();
  });

  /** A key with credits of its own, of an application with credits that its keys share. */
  async function issue(credits: { ofKey: number; ofApplication: number }) {
    const applicationId = await owner.createApplication();
    await owner
      .patch(`/applications/${applicationId}/limits`)
      .send({ credits: { remaining: credits.ofApplication } })
      .expect(200);
    const { id, key } = await owner.issueKey(applicationId, { credits: { remaining: credits.ofKey } });
    const left = async (): Promise<{ ofKey: number; ofApplication: number }> => ({
      ofKey: (await owner.get(`/apikey/${id}`)).body.credits.remaining,
      ofApplication: (await owner.get(`/applications/${applicationId}/limits`)).body.credits.remaining,
    });
    return { key, left };
  }

  it.each([
    ['of the key', { ofKey: 100, ofApplication: 170 }],
    ['of the application', { ofKey: 170, ofApplication: 100 }],
  ])(
    '%s are granted exactly as often as they are there to 10,000 verifications at once',
    async (_, credits) => {
      const { key, left } = await issue(credits);
      const callers = nodes.map((node) => new Caller(node, key));
      const asking = Promise.all(callers.map((caller) => caller.ask(10_000 / NODES)));
      // The first statement of each node is for one verification, the second one for all that have come meanwhile:
      // each would spend everything that is left.
      for (let times = 0; times < 2; times++) await turnstile.gather();
      await asking;
      expect(sum(callers, 'valid')).toBe(100);
      expect(sum(callers, 'exceeded')).toBe(9_900);
      expect(await left()).toEqual({
        ofKey: credits.ofKey - 100,
        ofApplication: credits.ofApplication - 100,
      });
    },
    120_000,
  );

  // Last: it leaves two of the nodes.
  it('are never given twice when nodes are killed: only what was not answered is in doubt', async () => {
    const credits = 3000;
    const { key, left } = await issue({ ofKey: 100_000, ofApplication: credits });
    const callers = nodes.map((node) => new Caller(node, key));
    const atOnce = 20;
    const asking = Promise.all(callers.map((caller) => caller.ask(credits, atOnce)));
    // In the middle: a statement of the node has been sent and waits, and will find nobody to answer to.
    await turnstile.gather(() => nodes[0]!.kill());
    await eventually(() => {
      expect(sum(callers, 'valid')).toBeGreaterThan(900);
    }, 30_000);
    await nodes[1]!.kill();
    await asking;

    const unanswered = sum(callers, 'unanswered');
    const valid = sum(callers, 'valid');
    expect(unanswered).toBeGreaterThan(0);
    expect(unanswered).toBeLessThanOrEqual(2 * atOnce);
    expect(valid).toBeLessThanOrEqual(credits);
    expect(valid).toBeGreaterThanOrEqual(credits - unanswered);
    // The survivors found everything spent, by an answer or in doubt, and the two balances agree.
    expect(sum(callers, 'exceeded')).toBeGreaterThan(0);
    expect(await left()).toEqual({ ofKey: 100_000 - credits, ofApplication: 0 });
  }, 120_000);
});
