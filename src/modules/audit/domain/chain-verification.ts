import { hashOf, type AuditEntry } from './audit-entry.js';
import type { AuditHead } from './audit.repository.js';

/** What is wrong with a chain, and with which of its events it begins. */
export interface AuditFinding {
  readonly chain: string;
  /** The first event that is not what was written, or is not there. */
  readonly seq: number;
  readonly problem: string;
}

/**
 * Goes through a chain once, from its first event to its last, and finds what is not as it was written. Each call
 * returns the first finding, or null; after one nothing more is to be learned of the chain.
 *
 * Hashes alone find what was edited, deleted, inserted or put elsewhere by somebody who did not hash all that follows
 * anew. Checkpoints find the rest, up to the last of them: nobody else can sign one.
 */
export class ChainVerification {
  private last: Pick<AuditEntry, 'seq' | 'hash'> | null = null;
  /** Up to here everything is as it was signed. */
  private proven = 0;
  /** The number of the first event that is there. */
  private first = 0;
  /** Up to which event events were deleted, as the chain itself says. */
  private prunedUntil = 0;
  private next = 0;
  private readonly checkpoints: readonly AuditHead[];

  /** @param checkpoints of the chain, from wherever they were kept, their signatures verified */
  constructor(
    private readonly chain: string,
    checkpoints: readonly AuditHead[],
  ) {
    this.checkpoints = [...checkpoints].sort((a, b) => a.seq - b.seq);
  }

  /** The last event that was found good; 0 before the first. */
  get lastSeq(): number {
    return this.last?.seq ?? 0;
  }

  /** Up to which event a checkpoint covers the chain; 0 for none. */
  get provenUntil(): number {
    return this.proven;
  }

  add(entry: AuditEntry): AuditFinding | null {
    const finding =
      (this.last === null ? this.begin(entry) : this.follow(entry, this.last)) ??
      (hashOf(entry) === entry.hash ? null : this.found(entry.seq, `Event ${entry.seq} was edited.`)) ??
      this.continue(entry);
    if (finding !== null) return finding;
    this.last = { seq: entry.seq, hash: entry.hash };
    this.notePruning(entry);
    return this.compare();
  }

  /** To be called after the last event. */
  end(): AuditFinding | null {
    const { lastSeq } = this;
    const covered = this.checkpoints.at(-1)?.seq ?? 0;
    if (covered > lastSeq) {
      return this.found(lastSeq + 1, `${events(lastSeq + 1, covered)} missing: a checkpoint covers them.`);
    }
    if (this.first > 1 && this.prunedUntil !== this.first - 1) {
      return this.found(
        1,
        `${events(1, this.first - 1)} missing, and no event says that they were deleted on purpose.`,
      );
    }
    return null;
  }

  /** The first event that is there is the first of all, or the first that retention has left. */
  private begin(entry: AuditEntry): AuditFinding | null {
    if (entry.chain !== this.chain) return this.found(entry.seq, `Event ${entry.seq} is of another chain.`);
    this.first = entry.seq;
    if (entry.seq === 1) return null;
    const stub = this.checkpoints.find(({ seq }) => seq === entry.seq - 1);
    if (stub === undefined) {
      return this.found(1, `${events(1, entry.seq - 1)} missing, and no checkpoint stands for them.`);
    }
    this.last = { seq: stub.seq, hash: stub.hash };
    this.proven = stub.seq;
    while ((this.checkpoints[this.next]?.seq ?? Infinity) <= stub.seq) this.next += 1;
    return null;
  }

  private follow(entry: AuditEntry, last: Pick<AuditEntry, 'seq'>): AuditFinding | null {
    const expected = last.seq + 1;
    if (entry.chain !== this.chain)
      return this.found(expected, `An event of another chain follows event ${last.seq}.`);
    if (entry.seq > expected) return this.found(expected, `${events(expected, entry.seq - 1)} missing.`);
    if (entry.seq < expected) {
      // What looked like the beginning that retention has left was none.
      return this.found(
        entry.seq < this.first ? 1 : entry.seq,
        `Event ${entry.seq} stands after event ${last.seq}, inserted or put there.`,
      );
    }
    return null;
  }

  private continue(entry: AuditEntry): AuditFinding | null {
    const { last } = this;
    if (entry.previous === (last?.hash ?? null)) return null;
    if (last === null || last.seq === this.proven) {
      return this.found(entry.seq, `Event ${entry.seq} does not follow what was before it.`);
    }
    return this.found(
      last.seq,
      `Event ${last.seq} is not the one that event ${entry.seq} was written after: one of them was replaced.`,
    );
  }

  /** With the checkpoints of what has been read. */
  private compare(): AuditFinding | null {
    const { last } = this;
    for (
      let checkpoint = this.checkpoints[this.next];
      last !== null;
      checkpoint = this.checkpoints[this.next]
    ) {
      if (checkpoint === undefined || checkpoint.seq > last.seq) return null;
      if (checkpoint.seq < last.seq || checkpoint.hash !== last.hash) {
        return this.found(
          this.proven + 1,
          `One of the events ${this.proven + 1} to ${checkpoint.seq} is not what a checkpoint has signed: those after it were hashed anew.`,
        );
      }
      this.proven = checkpoint.seq;
      this.next += 1;
    }
    return null;
  }

  private notePruning({ event }: AuditEntry): void {
    if (event.action !== 'AuditTrailPruned' || event.target.id !== this.chain) return;
    const until = event.after?.until;
    if (typeof until === 'number') this.prunedUntil = Math.max(this.prunedUntil, until);
  }

  private found(seq: number, problem: string): AuditFinding {
    return { chain: this.chain, seq, problem };
  }
}

function events(from: number, to: number): string {
  return from === to ? `Event ${from} is` : `Events ${from} to ${to} are`;
}
