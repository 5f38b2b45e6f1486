import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '../../support/builders.js';
import type { Random } from '../../support/random.js';
import type { Answer, NodeProcess } from '../../chaos/node-process.js';
import { ObservedHistory } from './observed-history.js';

/** Keys that are verified in between; the last of them have just been revoked. */
const IN_USE = 200;
/** Before a call that was not served is made again. */
const RETRY_MS = 20;
const BATCH = 100;

export interface Key {
  id: string;
  secret: string;
}

/** The clients of a cluster: they issue, verify and revoke keys, and write down what they were told. */
export class Traffic {
  readonly history = new ObservedHistory();
  /** Answers that no fault excuses. */
  readonly unexpected: string[] = [];
  /** Calls that were answered 503, or not at all. */
  unserved = 0;
  /** Milliseconds from each DELETE to its 204. */
  readonly timesToRevoke: number[] = [];
  private readonly keys: Key[] = [];
  /** Ends everything that still goes on. */
  private readonly over = new AbortController();

  private constructor(
    private readonly nodes: readonly NodeProcess[],
    readonly token: string,
  ) {
    setMaxListeners(0, this.over.signal);
  }

  static async on(nodes: readonly NodeProcess[]): Promise<Traffic> {
    const { caller } = await Client.signedIn(nodes[0]!);
    return new Traffic(nodes, caller.accessToken);
  }

  /**
   * Takes keys through their lives until so many are revoked, while others verify them on every node.
   *
   * @param lives Keys at a time, each of an application of its own, with random numbers of its own
   * @param verifiers Verifications at a time on each node, beside those that belong to the lives
   */
  async run(revocations: number, lives: readonly Random[], verifiers: readonly Random[]): Promise<void> {
    const enough = this.history.revocations + revocations;
    const served = new AbortController();
    const verifying = this.nodes.flatMap((node) =>
      verifiers.map((random) => this.keepVerifying(node, random, served.signal)),
    );
    await Promise.all(
      lives.map(async (random) => {
        const application = await this.createApplication(() => random.pick(this.nodes));
        while (this.history.revocations < enough) await this.live(application, random);
      }),
    );
    served.abort();
    await Promise.all(verifying);
  }

  /** Resolves when so many keys have been revoked. */
  async reached(revocations: number): Promise<void> {
    while (this.history.revocations < revocations) await this.pause(10);
  }

  /** Whatever still goes on is given up. */
  stop(): void {
    this.over.abort();
  }

  /** What every node says of every key in the end. */
  async finalVerdicts(): Promise<Set<string>> {
    const verdicts = new Set<string>();
    for (let from = 0; from < this.keys.length; from += BATCH) {
      const keys = this.keys.slice(from, from + BATCH).map(({ secret }) => ({ key: secret }));
      for (const node of this.nodes) {
        const { body } = await this.untilServed(
          () => node.call('POST', '/apikey/verify/batch', { body: { keys } }),
          [200],
        );
        for (const { code } of (body as { results: { code: string }[] }).results) verdicts.add(code);
      }
    }
    return verdicts;
  }

  /** New keys, issued by the first node, that every node has in memory. */
  async issueKnown(count: number): Promise<Key[]> {
    const [node] = this.nodes;
    const anyNode = (): NodeProcess => node!;
    const application = await this.createApplication(anyNode);
    const keys: Key[] = [];
    while (keys.length < count) keys.push(await this.issue(application, anyNode));
    for (const key of keys) for (const each of this.nodes) await this.verify(each, key);
    return keys;
  }

  private async live(application: string, random: Random): Promise<void> {
    const key = await this.issue(application, () => random.pick(this.nodes));
    await Promise.all(this.nodes.map((node) => this.verify(node, key)));
    await this.pause(random.between(0, 100));
    await this.endLife(key, random);
    await Promise.all(this.nodes.map((node) => this.verify(node, key)));
  }

  /** By one call, or by two of which the later must wait as the earlier does. */
  private async endLife(key: Key, random: Random): Promise<void> {
    const anyNode = (): NodeProcess => random.pick(this.nodes);
    const calls = [this.revoke(key, anyNode)];
    if (random.chance(0.3)) {
      await this.pause(random.between(0, 30));
      calls.push(
        this.revoke(key, anyNode).then(async () => {
          await Promise.all(this.nodes.map((node) => this.verify(node, key)));
        }),
      );
    }
    await Promise.all(calls);
  }

  /** Again and again until it is answered; each time by the node that `by` picks. */
  async revoke(key: Key, by: NodeProcess | (() => NodeProcess)): Promise<void> {
    await this.untilServed(async () => {
      const node = typeof by === 'function' ? by() : by;
      this.history.revoking(key.id);
      const sent = performance.now();
      const answer = await node.call('DELETE', `/apikey/${key.id}`, { token: this.token });
      if (answer.status === 204) {
        this.history.revoked(key.id);
        this.timesToRevoke.push(performance.now() - sent);
      }
      return answer;
    }, [204]);
  }

  private async issue(application: string, by: () => NodeProcess): Promise<Key> {
    const { headers, body } = await this.untilServed(
      () => by().call('POST', `/apikey?ApplicationId=${application}`, { token: this.token }),
      [200],
    );
    const key = { id: (headers.location as string).slice('/apikey/'.length), secret: body as string };
    this.history.issued(key.id);
    this.keys.push(key);
    return key;
  }

  private async createApplication(by: () => NodeProcess): Promise<string> {
    const body = { name: 'an application' };
    const answer = await this.untilServed(
      () => by().call('POST', '/applications', { token: this.token, body }),
      [201],
    );
    return (answer.body as { id: string }).id;
  }

  private async keepVerifying(node: NodeProcess, random: Random, served: AbortSignal): Promise<void> {
    while (!served.aborted) {
      const key = this.keys.at(-random.whole(1, IN_USE));
      const answered = key !== undefined && (await this.verify(node, key));
      await this.pause(answered ? 5 : RETRY_MS);
    }
  }

  /** Answers whether it was served. */
  async verify(node: NodeProcess, key: Key): Promise<boolean> {
    const began = this.history.now();
    const answer = await node.call('POST', '/apikey/verify', { body: { key: key.secret } });
    if (!this.wasServed(answer, [200])) return false;
    this.history.verified(key.id, node.name, began, (answer.body as { code: string }).code);
    return true;
  }

  private async untilServed(call: () => Promise<Answer>, statuses: number[]): Promise<Answer> {
    for (;;) {
      const answer = await call();
      if (this.wasServed(answer, statuses)) return answer;
      await this.pause(RETRY_MS);
    }
  }

  private pause(ms: number): Promise<void> {
    return sleep(ms, undefined, { signal: this.over.signal });
  }

  private wasServed({ status, body }: Answer, statuses: number[]): boolean {
    if (statuses.includes(status)) return true;
    this.unserved += 1;
    if (status !== 0 && status !== 503) this.unexpected.push(`${status} ${JSON.stringify(body)}`);
    return false;
  }
}
