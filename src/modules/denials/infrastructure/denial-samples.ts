import type { Denial } from '../domain/denial.js';

/** Of one key and one cause, between two flushes: so many are kept, and the others are counted with the last of them. */
const KEPT_OF_A_KIND = 3;

/** Between two flushes, of everything. */
const MAX_KEPT = 2000;

export interface KeptDenial<T> {
  readonly denial: T;
  /** How many it stands for. */
  repeated: number;
}

/** What of a denial tells whether it is like another. */
type Kind = Pick<Denial, 'applicationId' | 'keyId' | 'cause'>;

/**
 * Keeps a few denials of each kind, and counts the others. So a flood of refusals of one key is a few rows, and hides no
 * refusal of another key, nor one of the same key that has another cause.
 */
export class DenialSamples<T extends Kind> {
  private kinds = new Map<string, KeptDenial<T>[]>();
  #size = 0;
  /** Denials since the start, by what became of them. */
  readonly counts = { kept: 0, joined: 0, dropped: 0 };

  get size(): number {
    return this.#size;
  }

  /** `make` is called for one that is kept. */
  add(kind: Kind, make: () => T): void {
    const name = `${kind.keyId ?? kind.applicationId} ${kind.cause}`;
    const kept = this.kinds.get(name) ?? [];
    const last = kept.at(-1);
    if (kept.length >= KEPT_OF_A_KIND && last !== undefined) {
      last.repeated += 1;
      this.counts.joined += 1;
      return;
    }
    if (this.#size >= MAX_KEPT) {
      this.counts.dropped += 1;
      return;
    }
    kept.push({ denial: make(), repeated: 1 });
    this.kinds.set(name, kept);
    this.#size += 1;
    this.counts.kept += 1;
  }

  take(): KeptDenial<T>[] {
    const taken = [...this.kinds.values()].flat();
    this.kinds = new Map();
    this.#size = 0;
    return taken;
  }
}
