import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '../support/builders.js';
import type { Random } from '../support/random.js';
import type { KeyHistory, Look } from './history/key-history.js';
import type { Violations } from './history/violations.js';
import type { Answer, NodeProcess, Question } from './node-process.js';
import { SERVICE_KEY } from '../support/service-key.js';

/** What the service may take for any answer (RESPONSE_TIMEOUT_MS), and what a busy machine may add to it. */
const RESPONSE_TIMEOUT_MS = 15_000;
const DEADLINE_MARGIN_MS = 5000;
/** Before a call that was not served is made again. */
const RETRY_MS = 50;
const BATCH = 100;
/** Of the log of a node that has answered a 500. */
const LOG_LINES = 5;
/** For how long a client waits for the slowest node before it goes on with a key. */
const SOON_MS = 300;
/** What the clocks of the database and of the checker's process, and the moments of an answer, may differ by. */
const CLOCK_DOUBT_MS = 250;

export interface Call extends Answer {
  node: NodeProcess;
  /** Before it was sent and after it was answered, on one monotonic clock. */
  began: number;
  ended: number;
}

/** Whether a call has done what it asked for; `unknown` when it was answered 503, or not at all. */
export type Outcome = 'done' | 'refused' | 'unknown';

/** The clients of the nodes, and what all of them write down. */
export class Clients {
  /** Keys that anybody may verify at any time: nothing is spent by it. */
  readonly keys: KeyHistory[] = [];
  private readonly ended = new AbortController();
  private readonly open = new Set<Promise<unknown>>();
  readonly statuses = new Map<number, number>();
  readonly verdicts = new Map<string, number>();
  slowest = 0;
  /** When a change was acknowledged last. */
  lastChange = -Infinity;
  /** For how long past its end nothing may be expected to hold; Infinity when clocks are set. */
  clockDoubtMs = CLOCK_DOUBT_MS;

  /** When the rate limits last began anew, in milliseconds since the run began. */
  countsLostAt: () => number = () => -Infinity;

  private constructor(
    readonly nodes: readonly NodeProcess[],
    readonly token: string,
    readonly violations: Violations,
    private readonly start: number,
  ) {
    setMaxListeners(0, this.ended.signal);
  }

  static async of(nodes: readonly NodeProcess[], violations: Violations, start: number): Promise<Clients> {
    const { caller } = await Client.signedIn(nodes[0]!);
    return new Clients(nodes, caller.accessToken, violations, start);
  }

  /** Milliseconds since the run began. */
  now(): number {
    return performance.now() - this.start;
  }

  /**
   * Asks one node once. Whatever is asked, no answer is a 500, and none comes after the deadline.
   *
   * @param sending is told the moment before the call is sent
   */
  async ask(
    node: NodeProcess,
    method: string,
    path: string,
    question: Question & { asService?: true } = {},
    sending: (began: number) => void = () => undefined,
  ): Promise<Call> {
    const { asService, ...rest } = question;
    const began = this.now();
    sending(began);
    const answer = await node.call(method, path, { token: asService ? SERVICE_KEY : this.token, ...rest });
    const ended = this.now();
    const call = { ...answer, node, began, ended };
    this.statuses.set(answer.status, (this.statuses.get(answer.status) ?? 0) + 1);
    const took = ended - began - node.frozenFor(began + this.start, ended + this.start);
    this.slowest = Math.max(this.slowest, took);
    if (method !== 'GET' && !asService && answer.status >= 200 && answer.status < 300)
      this.lastChange = ended;
    if (answer.status >= 500 && answer.status !== 503)
      this.violations.add(`${answer.status} from ${node.name} to ${method} ${path}`, [
        describe(call),
        ...node.log.trimEnd().split('\n').slice(-LOG_LINES),
      ]);
    if (took > RESPONSE_TIMEOUT_MS + DEADLINE_MARGIN_MS)
      this.violations.add(`${node.name} took ${took.toFixed(0)} ms for ${method} ${path}`, [describe(call)]);
    return call;
  }

  /** Asks again and again, each time whom `by` names, until it is served with one of these statuses. */
  async untilServed(ask: () => Promise<Call>, statuses: readonly number[]): Promise<Call> {
    for (;;) {
      const call = await ask();
      if (statuses.includes(call.status)) return call;
      if (outcomeOf(call, statuses) === 'refused')
        throw new UnexpectedAnswer(`${call.node.name} answered what was not to be expected`, [
          describe(call),
        ]);
      await this.pause(RETRY_MS);
    }
  }

  /** Rejects when the run has ended: whatever is still tried again is given up. */
  pause(ms: number): Promise<void> {
    return sleep(ms, undefined, { signal: this.ended.signal });
  }

  close(): void {
    this.ended.abort();
  }

  async createApplication(random: Random): Promise<string> {
    const { body } = await this.untilServed(
      () => this.ask(random.pick(this.nodes), 'POST', '/applications', { body: { name: 'an application' } }),
      [201],
    );
    return (body as { id: string }).id;
  }

  /** Verifies on one node, judges what it says, and returns whether it was served. */
  async verify(
    node: NodeProcess,
    key: KeyHistory,
    asked: { secret?: string; scopes?: readonly string[]; applicationId?: string } = {},
  ): Promise<boolean> {
    const { secret = key.newestSecret, ...more } = asked;
    const wallBegan = Date.now();
    const call = await this.ask(node, 'POST', '/apikey/verify', {
      asService: true,
      body: { key: secret, ...more },
    });
    if (!this.wasServed(call)) return false;
    const answer = call.body as Look['answer'];
    this.judge(key, {
      ...more,
      node: node.name,
      began: call.began,
      ended: call.ended,
      secret,
      answer,
      wall: [wallBegan, Date.now()],
    });
    return true;
  }

  /** On every node at once. One that does not answer soon is not waited for; its answer is judged when it comes. */
  async verifyEverywhere(key: KeyHistory, asked?: Parameters<Clients['verify']>[2]): Promise<void> {
    const all = Promise.all(this.nodes.map((node) => this.verify(node, key, asked)));
    this.open.add(all);
    void all.finally(() => this.open.delete(all));
    await Promise.race([all, sleep(SOON_MS)]);
  }

  /** Resolves when everything that was asked has been answered. */
  async settled(): Promise<void> {
    while (this.open.size > 0) await Promise.all(this.open);
  }

  /** Once it is over, every node says of every secret of every key what can be explained. */
  async audit(): Promise<void> {
    await this.settled();
    const all = this.keys.flatMap((key) => [...key.secrets.keys()].map((secret) => ({ key, secret })));
    for (let from = 0; from < all.length; from += BATCH) {
      const some = all.slice(from, from + BATCH);
      const body = { keys: some.map(({ secret }) => ({ key: secret })) };
      await Promise.all(
        this.nodes.map(async (node) => {
          const wallBegan = Date.now();
          const call = await this.untilServed(
            () => this.ask(node, 'POST', '/apikey/verify/batch', { asService: true, body }),
            [200],
          );
          const { results } = call.body as { results: Look['answer'][] };
          const { began, ended } = call;
          for (const [index, { key, secret }] of some.entries()) {
            const answer = results[index]!;
            this.judge(key, { node: node.name, began, ended, secret, answer, wall: [wallBegan, Date.now()] });
          }
        }),
      );
    }
  }

  wasServed(call: Call): boolean {
    if (call.status === 200) return true;
    if (outcomeOf(call, [200]) === 'refused')
      this.violations.add(`${call.node.name} refused a verification`, [describe(call)]);
    return false;
  }

  private judge(key: KeyHistory, look: Look): void {
    const count = `${look.node} ${look.answer.code}`;
    this.verdicts.set(count, (this.verdicts.get(count) ?? 0) + 1);
    const contradiction = key.contradiction(look, this.clockDoubtMs);
    if (contradiction === undefined) return;
    const when = `${look.began.toFixed(1)} to ${look.ended.toFixed(1)}`;
    this.violations.add(
      `${look.node} said ${look.answer.code} from ${when} of ${key.id}: ${contradiction}`,
      key.story,
    );
  }
}

/** An answer that no fault excuses. */
export class UnexpectedAnswer extends Error {
  constructor(
    message: string,
    readonly story: readonly string[],
  ) {
    super(message);
  }
}

export function outcomeOf(call: Answer, done: readonly number[]): Outcome {
  if (done.includes(call.status)) return 'done';
  return call.status === 0 || call.status >= 500 ? 'unknown' : 'refused';
}

export function codeOf(call: Answer): string | undefined {
  return (call.body as { code?: string } | undefined)?.code;
}

/** For people: which call, when, and what was answered; no key in it. */
export function describe({ node, began, ended, status, body }: Call): string {
  const code = codeOf({ status, body, headers: {} });
  const detail = (body as { detail?: string } | undefined)?.detail;
  return `${began.toFixed(1)} to ${ended.toFixed(1)}: ${node.name} answered ${status}${code === undefined ? '' : ` ${code}`}${detail === undefined ? '' : ` (${detail})`}`;
}
