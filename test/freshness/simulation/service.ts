import { AppliedChanges } from '../../../src/modules/freshness/application/applied-changes.js';
import { FencedReads, type Dated } from '../../../src/modules/freshness/application/fenced-reads.js';
import { Freshness } from '../../../src/modules/freshness/application/freshness.js';
import {
  FreshnessNode,
  type FreshnessNodeOptions,
} from '../../../src/modules/freshness/application/freshness-node.js';
import { Housekeeping } from '../../../src/modules/freshness/application/housekeeping.js';
import type { ChangeFeed, FeedAnswer, NodeTable } from '../../../src/modules/freshness/application/ports.js';
import { Propagation } from '../../../src/modules/freshness/application/propagation.js';
import { onKind, onEntity } from '../../../src/modules/freshness/domain/change.js';
import { FillGate } from '../../../src/modules/freshness/domain/fill-gate.js';
import { CLOCK_RATE_ERROR, Lease } from '../../../src/modules/freshness/domain/lease.js';
import { NodeWatch, type NodeRow } from '../../../src/modules/freshness/domain/node-watch.js';
import { FreshCache } from '../../../src/modules/freshness/infrastructure/fresh-cache.js';
import type { ChangeProof } from '../../../src/shared/committed.js';
import type { Bug } from './bugs.js';
import type { KeyRecord, SimDatabase } from './database.js';
import type { Machine } from './machine.js';
import { SimFeed, SimNodeTable, type Look, type Path } from './network.js';

export interface ServiceOptions {
  id: string;
  leaseMs: number;
  canListen: boolean;
  bug: Bug | undefined;
}

/** One process of the service: the classes of the product, on a simulated machine, database and network. */
export class SimService {
  readonly freshness: Freshness;
  readonly cache: FreshCache<KeyRecord>;
  stopping = false;

  constructor(
    readonly machine: Machine,
    readonly path: Path,
    private readonly database: SimDatabase,
    private readonly options: ServiceOptions,
  ) {
    const { id, leaseMs, bug, canListen } = options;
    const timeoutMs = leaseMs;
    const watch = bug === 'watch-from-sending' ? new EarlyWatch() : new NodeWatch();
    const gate = bug === 'fill-after-change' ? new OpenGate() : new FillGate(8);
    const applied = bug === 'no-reset-after-trim' ? new TrustingChanges(gate) : new AppliedChanges(gate);
    const feed = new SimFeed(path, database, timeoutMs, canListen);
    const Table = bug === 'look-without-commit' ? TableOfAnyServer : SimNodeTable;
    const table = new Table(path, database, timeoutMs);
    const log = { warn: () => undefined, log: () => undefined };
    const nodeOptions: FreshnessNodeOptions = { id, staleMs: 0 };
    const Node = NODES[bug ?? ''] ?? FreshnessNode;
    const clock = bug === 'monotonic-clock-only' ? monotonicOnly(machine) : machine;
    const lease = new Lease(leaseMs, clock, bug === 'clock-rates-equal' ? 0 : CLOCK_RATE_ERROR);
    const node = new Node(nodeOptions, { feed, lease, applied, watch, clock, log });
    if (watch instanceof EarlyWatch) watch.dateBySending(table, feed, machine);
    const Reads = bug === 'reads-without-fence' ? UnfencedReads : FencedReads;
    this.freshness = new Freshness({
      reads: new Reads({ node, applied, clock: machine, waitMs: 1000 }),
      feed,
      applied,
      node,
      propagation: new (SETTLEMENTS[bug ?? ''] ?? Propagation)(table, watch, machine, applied, node),
      housekeeping: new Housekeeping(table, watch, machine, {
        everyMs: 700,
        silentMs: 1500,
      }),
    });
    this.cache = new (CACHES[bug ?? ''] ?? FreshCache<KeyRecord>)(this.freshness, {
      entries: 64,
      bytes: 64,
      sizeOf: () => 1,
      unknownEntries: 64,
      unknownMs: 500,
      dependenciesOf: ({ key, application }) => [
        onEntity('api_key', key),
        onEntity('application', application),
      ],
      dependenciesOfUnknown: [onKind('import')],
      clock: { now: () => machine.monotonic() },
    });
    this.freshness.start();
  }

  /** What the verification endpoint does, up to the verdict. */
  verify(key: string, answer: (record: KeyRecord | null | undefined, how: string) => void): void {
    const known = this.options.bug === 'no-lease-check' ? this.cache.remembered(key) : this.cache.recall(key);
    if (known !== undefined) {
      answer(known, 'from the cache');
      return;
    }
    this.cache
      .read(key, () => this.select(key))
      .then(
        (record) => {
          answer(record, 'from the database');
        },
        () => {
          answer(undefined, 'not at all');
        },
      );
  }

  /**
   * What a changing endpoint does. `change` runs in the database when the transaction starts, and says what it is
   * going to do; nothing, when everything is already as it should be.
   */
  async change(
    change: () => { subjects: { kind: string; id: string }[]; apply: () => void } | 'nothing to do',
    settles: boolean,
  ): Promise<void> {
    const done = await this.path.call<ChangeProof | null>(1500, (respond) => {
      if (!this.path.server().isPrimary) return;
      const transaction = change();
      if (transaction === 'nothing to do') respond(null);
      else this.database.commit(transaction, respond);
    });
    if (done === null && this.options.bug === 'repeated-delete-does-not-wait') return;
    if (settles) await this.freshness.waitForPropagation(done);
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await this.freshness.stop();
  }

  private select(key: string): Promise<KeyRecord | null> {
    return this.freshness.read(() =>
      this.path.call<Dated<KeyRecord | null>>(1500, (respond) => {
        const server = this.path.server();
        // That there is none is confirmed by a transaction that is committed.
        const confirms =
          server.isPrimary || server.keys.has(key) || this.options.bug === 'unknown-without-commit';
        if (!confirms) return;
        respond({ value: server.keys.get(key) ?? null, asOf: server.snapshot().last });
      }),
    );
  }
}

class LeaseFromAnswer extends FreshnessNode {
  protected override grant(): void {
    super.grant(this.parts.lease.now());
  }
}

/** Says that it has applied what it has only read, and sweeps its caches a little later. */
class LeaseBeforeChanges extends FreshnessNode {
  protected override take(answer: FeedAnswer): void {
    const { applied, clock } = this.parts;
    super.take({ ...answer, changes: answer.changes.slice(0, 1) });
    clock.after(30, () => {
      const { last } = applied;
      applied.take({
        ...answer,
        changes: answer.changes.map((change) => ({ ...change, number: last + 1 })),
        last,
      });
    });
  }
}

class FollowingNode extends FreshnessNode {
  protected override isOlder(): boolean {
    return false;
  }
}

const NODES: Partial<Record<string, typeof FreshnessNode>> = {
  'lease-from-answer': LeaseFromAnswer,
  'lease-before-changes': LeaseBeforeChanges,
  'follow-older-server': FollowingNode,
};

class OpenGate extends FillGate {
  override allows(): boolean {
    return true;
  }
}

class TrustingChanges extends AppliedChanges {
  override take(answer: FeedAnswer): void {
    const missed = this.last !== 0 && answer.changes[0]?.number !== this.last;
    super.take(missed ? { ...answer, changes: [{ number: this.last, kind: 'start', id: '' }] } : answer);
  }
}

class HastySettlement extends Propagation {
  override wait(): Promise<void> {
    return Promise.resolve();
  }
}

class TrustingSettlement extends Propagation {
  override wait(): Promise<void> {
    return super.wait(null);
  }
}

const SETTLEMENTS: Partial<Record<string, typeof Propagation>> = {
  'no-confirmation': HastySettlement,
  'look-without-number': TrustingSettlement,
};

class TableOfAnyServer extends SimNodeTable {
  override async look(changes: readonly ChangeProof[]): Promise<Look> {
    return { ...(await this.read()), proven: new Set(changes.map(({ id }) => id)) };
  }
}

class UnfencedReads extends FencedReads {
  override async read<T>(query: (atLeast: number) => Promise<Dated<T>>): Promise<T> {
    return (await query(0)).value;
  }
}

/** Dates what it sees to the beginning of the call that saw it. */
class EarlyWatch extends NodeWatch {
  private sentAt = 0;

  dateBySending(table: NodeTable, feed: ChangeFeed, machine: Machine): void {
    const [look, read] = [table.look.bind(table), table.read.bind(table)];
    table.look = (changes) => {
      this.sentAt = machine.monotonic();
      return look(changes);
    };
    table.read = () => {
      this.sentAt = machine.monotonic();
      return read();
    };
    const renew = feed.renew.bind(feed);
    feed.renew = (renewal) => {
      this.sentAt = machine.monotonic();
      return renew(renewal);
    };
    const changes = feed.read.bind(feed);
    feed.read = (applied) => {
      this.sentAt = machine.monotonic();
      return changes(applied);
    };
  }

  override note(nodes: readonly NodeRow[]): void {
    super.note(nodes, this.sentAt);
  }
}

class JoinWithoutLease extends FreshCache<KeyRecord> {
  protected override mayJoin(): boolean {
    return true;
  }
}

class JoinWithoutTicket extends FreshCache<KeyRecord> {
  private readonly pending = new Map<string, Promise<KeyRecord | null>>();

  override read(key: string, load: (key: string) => Promise<KeyRecord | null>): Promise<KeyRecord | null> {
    const joined = this.pending.get(key);
    if (joined !== undefined && this.mayJoin()) return joined;
    const value = super.read(key, load);
    this.pending.set(key, value);
    const done = (): void => {
      if (this.pending.get(key) === value) this.pending.delete(key);
    };
    value.then(done, done);
    return value;
  }
}

const CACHES: Partial<Record<string, typeof FreshCache<KeyRecord>>> = {
  'join-without-lease': JoinWithoutLease,
  'join-without-ticket': JoinWithoutTicket,
};

function monotonicOnly(machine: Machine): Machine {
  return new Proxy(machine, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name === 'wall' ? 'monotonic' : name);
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
}
