import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '../support/random.js';
import { Clients, UnexpectedAnswer } from './clients.js';
import type { DatabaseUnderTest, Fault } from './database-under-test.js';
import { DATABASES, type DatabaseName } from './databases.js';
import { CLOCK_ON_SIGNAL, NODE_FAULTS, nodeFault } from './faults/node-faults.js';
import { watchOutages, type Outage } from './faults/outages.js';
import { Track, type Injected } from './faults/schedule.js';
import { Violations } from './history/violations.js';
import { NodeProcess } from './node-process.js';
import { PLANT_LOADER, PLANTS, type Plant, type PlantName } from './plants/plants.js';
import { WORKLOADS, type WorkloadName } from './workloads/index.js';

const LEASE_MS = 500;
const NODES = ['a', 'b', 'c'];
/** Lives of a workload at a time when it is alone; with others they are fewer. */
const LIVES = 12;
/** Verifications at a time on each node, beside those that belong to the lives. */
const VERIFIERS = 2;
const VERIFIER_PAUSE_MS = 15;
/** The last keys are those that are verified. */
const IN_USE = 200;
/** An application has so many lives before its client takes another: it may have so many active keys only. */
const LIVES_PER_APPLICATION = 25;
/** When everything is healed, in milliseconds, every call that is tried again is served. */
const RECOVERY_MS = 90_000;
const PROGRESS_MS = 5000;
/** Milliseconds that calls have to end when the run is told to: somebody may have killed the nodes they wait for. */
const INTERRUPTION_MS = 5000;

export interface RunOptions {
  database: DatabaseName;
  workloads: readonly WorkloadName[];
  faults: readonly string[];
  seconds: number;
  seed: number;
  /** A mistake that is made in every node. */
  plant?: PlantName | undefined;
  /** Ends with the first violation. */
  untilViolation?: boolean;
  /** Takes a line for people now and then. */
  progress: (line: string) => void;
  /** Ends it early. */
  signal?: AbortSignal;
}

export interface Report {
  violations: Violations;
  faults: readonly Injected[];
  outages: readonly Outage[];
  lives: ReadonlyMap<string, number>;
  keys: number;
  verdicts: ReadonlyMap<string, number>;
  statuses: ReadonlyMap<number, number>;
  /** The longest that a call took, the time left out for which its node was frozen; in milliseconds. */
  slowest: number;
  seconds: number;
}

/** One run: three processes of the service, their clients, and what happens to them. */
export async function run(options: RunOptions): Promise<Report> {
  const database = await DATABASES[options.database].start(options.faults);
  const nodes: NodeProcess[] = [];
  try {
    const env = {
      VERIFY_LEASE_MS: String(LEASE_MS),
      RATE_LIMIT_STORE: 'postgres',
      RATE_LIMIT_ON_FAILURE: 'closed',
    };
    const preload = options.faults.includes('node-clock-set') ? [CLOCK_ON_SIGNAL] : [];
    if (options.plant !== undefined) {
      const plant: Plant = PLANTS[options.plant];
      Object.assign(env, plant.env, { CHAOS_PLANT: options.plant });
      preload.push(PLANT_LOADER);
    }
    for (const name of NODES) nodes.push(await NodeProcess.start(name, database.url, env, preload));
    return await new Run(options, database, nodes).toItsEnd();
  } finally {
    await Promise.all(nodes.map((node) => node.stop()));
    await database.stop();
  }
}

class Run {
  private readonly start = performance.now();
  private readonly violations = new Violations(() => performance.now() - this.start);
  private readonly injected: Injected[] = [];
  private readonly outages: Outage[] = [];
  private readonly lives = new Map<string, number>();
  private readonly over = new AbortController();
  private clients!: Clients;

  constructor(
    private readonly options: RunOptions,
    private readonly database: DatabaseUnderTest,
    private readonly nodes: readonly NodeProcess[],
  ) {
    setMaxListeners(0, this.over.signal);
    for (const node of nodes)
      node.crashed.catch((error: unknown) => {
        this.violations.add((error as Error).message);
      });
  }

  async toItsEnd(): Promise<Report> {
    const { seconds, seed, workloads } = this.options;
    this.clients = await Clients.of(this.nodes, this.violations, this.start);
    this.clients.countsLostAt = () => (this.database.countsLostAt ?? -Infinity) - this.start;
    if (this.options.faults.includes('database-clock-set')) this.clients.clockDoubtMs = Infinity;
    const end = (): void => {
      this.over.abort();
    };
    const timer = setTimeout(end, seconds * 1000);
    const { signal } = this.options;
    if (signal?.aborted === true) end();
    else signal?.addEventListener('abort', end);
    if (this.options.untilViolation) this.violations.onFirst = end;
    const progress = setInterval(() => {
      this.options.progress(this.progressLine());
    }, PROGRESS_MS);
    const each = Math.max(2, Math.ceil(LIVES / workloads.length));
    const work = Promise.all([
      ...workloads.flatMap((name, index) =>
        Array.from({ length: each }, (_, number) =>
          this.keepLiving(name, new Random(seed * 1_000_000 + index * 1000 + number)),
        ),
      ),
      ...this.nodes.flatMap((node, index) =>
        Array.from({ length: VERIFIERS }, (_, number) =>
          this.keepVerifying(node, new Random(seed * 1_000_000 + 500_000 + index * 1000 + number)),
        ),
      ),
      ...this.tracks(),
      watchOutages(this.database, this.clients, this.over.signal, this.outages),
    ]);
    // What is given up in the end rejects, and nobody waits for it any more.
    work.catch(() => undefined);
    try {
      const isDone = await Promise.race([
        work.then(() => true),
        sleep(seconds * 1000 + RECOVERY_MS, false, { ref: false }),
        this.interruption(),
      ]);
      const isEnough = this.options.untilViolation === true && this.violations.count > 0;
      const isInterrupted = signal?.aborted === true;
      if (isDone && !isEnough && !isInterrupted) await this.clients.audit();
      if (!isDone && !isInterrupted)
        this.violations.add(`${RECOVERY_MS / 1000} s after the end some calls were still not served`);
    } catch (error) {
      this.options.progress(`The checker itself has failed: ${(error as Error).stack}`);
      throw error;
    } finally {
      clearTimeout(timer);
      clearInterval(progress);
      this.over.abort();
      this.clients.close();
    }
    const { keys, verdicts, statuses, slowest } = this.clients;
    return {
      violations: this.violations,
      faults: this.injected,
      outages: this.outages,
      lives: this.lives,
      keys: keys.length,
      verdicts,
      statuses,
      slowest,
      seconds: (performance.now() - this.start) / 1000,
    };
  }

  /** Resolves a little after the run was told to end, however far it has come. */
  private async interruption(): Promise<false> {
    const { signal } = this.options;
    if (signal?.aborted !== true) {
      await new Promise((resolve) => signal?.addEventListener('abort', resolve));
    }
    return sleep(INTERRUPTION_MS, false, { ref: false });
  }

  /** What happens to nodes and what happens to the database go on at the same time. */
  private tracks(): Promise<void>[] {
    const { faults, seed } = this.options;
    const onNodes = faults
      .filter((name) => NODE_FAULTS.includes(name))
      .map((name) => nodeFault(name, this.nodes, LEASE_MS));
    const onDatabase = this.database.faults.filter(({ name }) => faults.includes(name));
    return [onNodes, onDatabase]
      .filter((some: readonly Fault[]) => some.length > 0)
      .map((some, index) => {
        const random = new Random(seed * 1_000_000 + 700_000 + index);
        return new Track(some, random, this.clients, this.database, this.injected).run(this.over.signal);
      });
  }

  private async keepLiving(name: WorkloadName, random: Random): Promise<void> {
    const { clients } = this;
    while (this.isOn()) {
      try {
        const application = await clients.createApplication(random);
        for (let lives = LIVES_PER_APPLICATION; lives > 0 && this.isOn(); lives -= 1) {
          await WORKLOADS[name].live({ clients, random, application });
          this.lives.set(name, (this.lives.get(name) ?? 0) + 1);
        }
      } catch (error) {
        if (!(error instanceof UnexpectedAnswer)) throw error;
        this.violations.add(`${name}: ${error.message}`, error.story);
      }
    }
  }

  private async keepVerifying(node: NodeProcess, random: Random): Promise<void> {
    const { clients } = this;
    while (this.isOn()) {
      const key = clients.keys.at(-random.integer(1, IN_USE));
      if (key !== undefined) {
        const secret = random.pick([...key.secrets.keys()]);
        await clients.verify(node, key, { secret, ...(random.chance(0.3) && { scopes: ['write'] }) });
      }
      await clients.pause(VERIFIER_PAUSE_MS);
    }
  }

  private isOn(): boolean {
    return !this.over.signal.aborted;
  }

  private progressLine(): string {
    const seconds = Math.round((performance.now() - this.start) / 1000);
    const lasting = this.injected.filter(({ healed }) => healed === undefined).map(({ name }) => name);
    const lives = [...this.lives.values()].reduce((sum, count) => sum + count, 0);
    const calls = [...this.clients.statuses.values()].reduce((sum, count) => sum + count, 0);
    return [
      `${seconds} of ${this.options.seconds} s`,
      lasting.length === 0 ? 'no fault' : lasting.join(' and '),
      `${lives} lives, ${calls} calls`,
      `${this.violations.count} violations`,
    ].join(' · ');
  }
}
