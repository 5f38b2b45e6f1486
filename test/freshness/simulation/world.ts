import type { Bug } from './bugs.js';
import { Cluster } from './cluster.js';
import type { KeyRecord } from './database.js';
import { History, type KeyState, type Version } from './history.js';
import { Random } from '../../support/random.js';
import { Scheduler } from './scheduler.js';
import type { SimService } from './service.js';

/** Milliseconds of true time: how long things go wrong, and how long the world has to recover. */
const TROUBLE_MS = 3000;
const END_MS = 4600;

/** A change is over after its own time-out and the longest lease, whatever happens: see `service.ts`, `cluster.ts`. */
const LONGEST_CHANGE_MS = 1500 + 1000 + 300;
/** Ten times as many as ever happen: a history that has more has come to no end. */
const MAX_EVENTS = 30_000;
/** When nothing is wrong, a change takes a few round trips. */
const CALM_CHANGE_MS = 60;

export interface WorldReport {
  seed: number;
  violations: string[];
  events: number;
  verifications: number;
  fromCache: number;
  settled: number;
  failed: number;
}

interface KnownKey {
  key: string;
  application: string;
  /** Whether somebody may have the key in hand: it was issued and that was answered, or it comes from elsewhere. */
  known: boolean;
}

/** One history: some processes on one database, what their clients do, and what goes wrong. All from one seed. */
export class World {
  private readonly random: Random;
  private readonly scheduler = new Scheduler();
  private readonly history = new History();
  private readonly cluster: Cluster;
  private readonly keys: KnownKey[] = [];
  private readonly underWay = new Map<object, { service: SimService; since: number }>();
  private readonly report: WorldReport;

  constructor(
    seed: number,
    bug?: Bug,
    private readonly trace: (line: string) => void = () => undefined,
  ) {
    this.report = {
      seed,
      violations: this.history.violations,
      events: 0,
      verifications: 0,
      fromCache: 0,
      settled: 0,
      failed: 0,
    };
    this.random = new Random(seed);
    this.cluster = new Cluster(this.random, this.scheduler, bug, (what) => {
      this.tell(what);
    });
    this.planKeys();
    this.planChanges();
    this.planVerifications();
    this.cluster.planFaults(TROUBLE_MS);
    this.planFinale();
  }

  /** Runs one event. What it leaves to promises must have come to rest before the next. */
  step(): boolean {
    if (this.report.events >= MAX_EVENTS) {
      this.history.violations.push(`Time stands still at ${this.scheduler.now}`);
      return false;
    }
    const more = this.scheduler.step(END_MS);
    if (more) this.report.events += 1;
    return more;
  }

  finish(): WorldReport {
    for (const [slot, service] of this.cluster.services.entries()) {
      if (!service.freshness.held()) this.history.violations.push(`Node ${slot} has not recovered its lease`);
    }
    for (const { service, since } of this.underWay.values()) {
      if (service.machine.running && since < END_MS - LONGEST_CHANGE_MS) {
        this.history.violations.push(`A change that began at ${since} has not ended`);
      }
    }
    return this.report;
  }

  private planKeys(): void {
    for (let index = 0; index < 5; index += 1) {
      const key: KnownKey = { key: `key-${index}`, application: `application-${index % 2}`, known: false };
      this.keys.push(key);
      if (index === 0) key.known = true;
      this.scheduler.at(this.random.between(0, index < 3 ? 300 : 2500), () => {
        this.issue(key);
      });
    }
  }

  /** The first key is imported: it was in use elsewhere before. The others are new, and nobody can know them. */
  private issue(key: KnownKey): void {
    const imported = key.known;
    let version: Version;
    const insert = (): void => {
      version = this.put(key, 'VALID');
    };
    const service = this.cluster.anyService();
    service.machine.deliver(() => {
      this.attempt(
        service,
        () => ({ subjects: imported ? [{ kind: 'import', id: key.key }] : [], apply: insert }),
        imported,
        () => {
          this.history.answered(version);
          key.known = true;
          this.verifySoon(key);
        },
      );
    });
  }

  private planChanges(): void {
    const changes = this.random.integer(6, 14);
    for (let change = 0; change < changes; change += 1) {
      this.scheduler.at(this.random.between(300, TROUBLE_MS), () => {
        const { random } = this;
        const known = this.keys.filter((key) => key.known);
        if (known.length === 0) return;
        const key = random.pick(known);
        const roll = random.next();
        if (roll < 0.45) this.revoke(key);
        else if (roll < 0.9) this.set(key, random.pick(['VALID', 'DISABLED'] as const));
        else this.removeApplication(key.application);
      });
    }
  }

  /** A DELETE, often sent again, to any node, whatever became of the first. */
  private revoke(key: KnownKey): void {
    this.set(key, 'REVOKED');
    if (this.random.chance(0.5)) {
      this.scheduler.after(this.random.between(0, 200), () => {
        this.set(key, 'REVOKED');
      });
    }
  }

  private set(key: KnownKey, state: KeyState): void {
    const service = this.cluster.anyService();
    let version: Version | undefined;
    this.request(service, () => {
      this.attempt(
        service,
        () => {
          const row = this.cluster.database.keys.get(key.key);
          version = row?.version;
          if (row === undefined || row.version.state === 'REVOKED' || row.version.state === state)
            return 'nothing to do';
          return {
            subjects: [{ kind: 'api_key', id: key.key }],
            apply: () => {
              // The row is locked from the update on: nobody has changed it in between but who had locked it before.
              const now = this.cluster.database.keys.get(key.key)!.version;
              version = now.state === 'REVOKED' ? now : this.put(key, state);
            },
          };
        },
        true,
        () => {
          // A call that found everything as it should be promises as much as the one that made it so.
          if (version?.state === state) this.history.answered(version);
          this.verifySoon(key);
        },
      );
    });
  }

  private removeApplication(application: string): void {
    const service = this.cluster.anyService();
    let versions: Version[] = [];
    this.request(service, () => {
      this.attempt(
        service,
        () => ({
          subjects: [{ kind: 'application', id: application }],
          apply: () => {
            versions = this.keys
              .filter((key) => key.application === application && this.cluster.database.keys.has(key.key))
              .map((key) => this.put(key, 'REVOKED'));
          },
        }),
        true,
        () => {
          for (const version of versions) this.history.answered(version);
          for (const key of this.keys) if (key.application === application && key.known) this.verifySoon(key);
        },
      );
    });
  }

  private put(key: KnownKey, state: KeyState): Version {
    const version = this.history.committed(key.key, state);
    this.tell(`${key.key} is ${state} (version ${version.version}, moment ${version.committed})`);
    const record: KeyRecord = { key: key.key, application: key.application, version };
    this.cluster.database.keys.set(key.key, record);
    return version;
  }

  private attempt(
    service: SimService,
    change: Parameters<SimService['change']>[0],
    settles: boolean,
    answered: () => void,
  ): void {
    const call = {};
    const since = this.scheduler.now;
    this.underWay.set(call, { service, since });
    const over = (): void => {
      this.underWay.delete(call);
      const took = this.scheduler.now - since;
      if (!this.cluster.isRough && took > CALM_CHANGE_MS)
        this.history.violations.push(`A change took ${took} ms in calm weather`);
    };
    let isCommitted = true;
    const watched: typeof change = () => {
      const transaction = change();
      if (transaction === 'nothing to do') return transaction;
      isCommitted = false;
      const apply = (): void => {
        isCommitted = true;
        transaction.apply();
      };
      return { ...transaction, apply };
    };
    service.change(watched, settles).then(
      () => {
        over();
        if (!isCommitted) {
          this.history.violations.push('A change was said to hold that was never committed');
          return;
        }
        this.report.settled += 1;
        answered();
        this.tell(`a change that began at ${since.toFixed(1)} is answered`);
      },
      () => {
        over();
        this.report.failed += 1;
      },
    );
  }

  /** Right after the answer is when a node that was forgotten shows. */
  private verifySoon(key: KnownKey): void {
    for (const [slot] of this.cluster.services.entries()) {
      this.verify(slot, key);
      this.scheduler.after(this.random.between(0.1, 3), () => {
        this.verify(slot, key);
      });
      this.scheduler.after(this.random.between(3, 500), () => {
        this.verify(slot, key);
      });
    }
  }

  private planVerifications(): void {
    const verifications = this.random.integer(60, 200);
    for (let index = 0; index < verifications; index += 1) {
      this.scheduler.at(this.random.between(0, TROUBLE_MS), () => {
        const known = this.keys.filter((key) => key.known);
        if (known.length === 0) return;
        const key = this.random.pick(known);
        const slot = this.random.integer(0, this.cluster.services.length - 1);
        // Often several at once, as services ask.
        for (let count = this.random.pick([1, 1, 3]); count > 0; count -= 1) this.verify(slot, key);
      });
    }
  }

  private verify(slot: number, { key }: KnownKey): void {
    const service = this.cluster.services[slot]!;
    this.request(service, () => {
      const began = this.history.stamp();
      service.verify(key, (record, how) => {
        if (record === undefined) return;
        this.report.verifications += 1;
        if (how === 'from the cache') this.report.fromCache += 1;
        const version = record === null ? 0 : record.version.version;
        this.history.verified({ key, began, ended: this.history.stamp(), version, how });
      });
    });
  }

  private request(service: SimService, handle: () => void): void {
    service.machine.deliver(handle);
  }

  /** Everybody is well again: every change ends, and every node tells the truth. */
  private planFinale(): void {
    this.scheduler.at(TROUBLE_MS + 1000, () => {
      for (const key of this.keys) if (key.known) this.set(key, 'REVOKED');
    });
    this.scheduler.at(END_MS - 100, () => {
      for (const key of this.keys)
        if (key.known) for (const [slot] of this.cluster.services.entries()) this.verify(slot, key);
    });
  }

  private tell(what: string): void {
    this.trace(`${this.scheduler.now.toFixed(1).padStart(8)}  ${what}`);
  }
}
