import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import { END_OF_WORKER } from './end-of-process.js';
import { gatherMetrics } from '../infrastructure/metrics/worker-metrics.js';

/** Milliseconds after which a worker that served has shown that it can. */
const PROVEN = 10_000;
/** Milliseconds before a worker is replaced, from the second in a row that died young; doubled with each. */
const BACK_OFF = 100;
const LONGEST_BACK_OFF = 10_000;

/** A worker has ended when it should not have; what it had to say of that it has said itself. */
export class WorkerError extends Error {}

export interface WorkersOptions {
  /** The module that every worker runs. */
  main: string;
  count: number;
  /** Variables of the environment that the workers have besides ours. */
  variables: Record<string, string>;
  log: Pick<Logger, 'warn'>;
}

/**
 * The processes that serve one port together: node:cluster's workers, of which this process is the primary. It takes
 * the connections and hands each to the worker whose turn it is, which spreads them evenly; left to the workers
 * (SCHED_NONE), nine in ten went to one of two. The price: a connection that is on its way to a worker which has
 * died, or to the last one as that closes, is lost. SHUTDOWN_DELAY_MS is there so that none is made then.
 */
export class Workers {
  private ending = false;
  /** Workers in a row that died before they were proven. */
  private diedYoung = 0;
  private readonly servingSince = new Map<number, number>();

  constructor(private readonly options: WorkersOptions) {
    // Metrics may be NaN, which JSON does not know.
    cluster.setupPrimary({ exec: options.main, args: [], serialization: 'advanced' });
  }

  /** Returns where they serve, once all of them do. Throws WorkerError. */
  async start(): Promise<AddressInfo> {
    // Whatever keeps the service from starting, one worker meets it, and says it once.
    const address = await this.fork();
    cluster.on('exit', (worker, code: number, signal: string | null) => {
      this.replace(worker, signal ?? `code ${code}`);
    });
    await Promise.all(Array.from({ length: this.options.count - 1 }, () => this.fork()));
    return address;
  }

  /** Ends them all in good order and waits for it. Throws WorkerError when one of them was cut off. */
  async stop(): Promise<void> {
    this.ending = true;
    const codes = await Promise.all(
      workers().map(async (worker) => {
        if (worker.isDead()) return 0;
        const exited = once(worker, 'exit') as Promise<[code: number | null]>;
        // It may be gone by now: then there is nobody to tell.
        if (worker.isConnected()) worker.send(END_OF_WORKER, () => undefined);
        const [code] = await exited;
        return code;
      }),
    );
    if (codes.some((code) => code !== 0)) throw new WorkerError('a worker did not end in good order');
  }

  private fork(): Promise<AddressInfo> {
    const worker = cluster.fork(this.options.variables);
    gatherMetrics(worker, workers);
    return new Promise((resolve, reject) => {
      worker.once('listening', ({ address, port, addressType }) => {
        this.servingSince.set(worker.id, performance.now());
        resolve({ address, port, family: addressType === 6 ? 'IPv6' : 'IPv4' });
      });
      worker.once('exit', () => {
        reject(new WorkerError('A worker has ended before it served.'));
      });
    });
  }

  private replace(worker: Worker, reason: string): void {
    if (this.ending) return;
    const servingSince = this.servingSince.get(worker.id);
    this.servingSince.delete(worker.id);
    if (servingSince !== undefined && performance.now() - servingSince > PROVEN) this.diedYoung = 0;
    const wait = this.diedYoung === 0 ? 0 : Math.min(BACK_OFF * 2 ** (this.diedYoung - 1), LONGEST_BACK_OFF);
    this.diedYoung++;
    this.options.log.warn(
      { worker: worker.id, workerPid: worker.process.pid, reason, milliseconds: wait },
      'a worker has ended, and a new one is started',
    );
    setTimeout(() => {
      // A new one that fails ends, and comes here in its turn.
      if (!this.ending) this.fork().catch(() => undefined);
    }, wait);
  }
}

function workers(): Worker[] {
  return Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
}
