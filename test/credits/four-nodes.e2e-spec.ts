import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { eventually } from '../support/eventually.js';
import { BalancesFixture } from './balances.js';

const NODES = 4;

let fixture: BalancesFixture;
let nodes: SpendingNode[] = [];

beforeAll(async () => {
  fixture = await BalancesFixture.create();
});

afterEach(async () => {
  await Promise.all(nodes.map((node) => node.kill()));
  nodes = [];
});

afterAll(() => fixture.drop());

/** A process that spends; what it has answered is known to the letter. */
class SpendingNode {
  private output = '';

  private constructor(private readonly process: ChildProcess) {
    process.stdout?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
  }

  static async start(keyId: string, applicationId: string, load: { atOnce: number; times: number }) {
    const child = spawn(
      process.execPath,
      [
        '--import',
        join(import.meta.dirname, '../support/typescript.mjs'),
        join(import.meta.dirname, 'spending-node.ts'),
        fixture.database.url,
        keyId,
        applicationId,
        String(load.atOnce),
        String(load.times),
      ],
      { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, NODE_OPTIONS: '' } },
    );
    const node = new SpendingNode(child);
    nodes.push(node);
    await eventually(() => {
      expect(node.output).toBe('ready\n');
    }, 20_000);
    return node;
  }

  go(): void {
    this.process.stdin?.write('go\n');
  }

  get granted(): number {
    return this.output.split('+').length - 1;
  }

  get answered(): number {
    return this.output.length - 'ready\n'.length;
  }

  /** Until it has ended and all it wrote is read. */
  async ended(): Promise<void> {
    if (this.process.stdout?.readableEnded === false) await once(this.process, 'close');
  }

  async kill(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.ended();
  }
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

describe('credits spent by four processes', () => {
  it('are granted exactly as often as they are there to 10,000 verifications at once', async () => {
    const keyId = await fixture.give('key', { remaining: 100 });
    const applicationId = await fixture.give('application', { remaining: 150 });
    const load = { atOnce: 2500, times: 2500 };
    await Promise.all(Array.from({ length: NODES }, () => SpendingNode.start(keyId, applicationId, load)));
    for (const node of nodes) node.go();
    await Promise.all(nodes.map((node) => node.ended()));
    expect(sum(nodes.map(({ answered }) => answered))).toBe(10_000);
    expect(sum(nodes.map(({ granted }) => granted))).toBe(100);
    expect(await fixture.remaining(keyId)).toBe(0);
    expect(await fixture.remaining(applicationId)).toBe(50);
  }, 60_000);

  it('are never given twice when nodes are killed, and only what was not answered is in doubt', async () => {
    const credits = 6000;
    const keyId = await fixture.give('key', { remaining: 100_000 });
    const applicationId = await fixture.give('application', { remaining: credits });
    const load = { atOnce: 25, times: 3000 };
    const [first, second, ...others] = await Promise.all(
      Array.from({ length: NODES }, () => SpendingNode.start(keyId, applicationId, load)),
    );
    for (const node of nodes) node.go();
    await eventually(() => {
      expect(first!.granted).toBeGreaterThan(200);
    });
    await first!.kill();
    await eventually(() => {
      expect(second!.granted).toBeGreaterThan(400);
    });
    await second!.kill();
    await Promise.all(others.map((node) => node.ended()));
    const substitute = await SpendingNode.start(keyId, applicationId, { ...load, times: credits });
    substitute.go();
    await substitute.ended();

    const granted = sum(nodes.map((node) => node.granted));
    expect(granted).toBeLessThanOrEqual(credits);
    expect(granted).toBeGreaterThanOrEqual(credits - 2 * load.atOnce);
    // Each of the killed ones died in the middle: with requests that were granted, and others still to come.
    for (const node of [first!, second!]) expect(node.answered).toBeLessThan(load.times);
    expect(await fixture.remaining(applicationId)).toBe(0);
    expect(await fixture.remaining(keyId)).toBe(100_000 - credits);
  }, 60_000);
});
