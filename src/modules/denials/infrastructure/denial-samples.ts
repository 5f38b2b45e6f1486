import type { Denial } from '../domain/denial.js';

/** Of one key and one cause, between two flushes: so many are kept, and the others are counted with the last of them. */
const KEPT_OF_A_KIND = 3;

/** Between two flushes, of everything. */
const MAX_KEPT = 2000;

/** And of one application, so that others find room without taking it from anybody. */
const MAX_OF_APPLICATION = 1000;

export interface KeptDenial<T> {
  readonly denial: T;
  /** How many it stands for. */
  repeated: number;
}

/** What of a denial tells whether it is like another. */
type Kind = Pick<Denial, 'applicationId' | 'keyId' | 'cause'>;

/** What is kept of one application. */
interface Share<T> {
  /** By key and cause; none is empty. */
  readonly kinds: Map<string, KeptDenial<T>[]>;
  size: number;
}

/**
 * Keeps a few denials of each kind, and counts the others. So a flood of refusals of one key is a few rows, and hides no
 * refusal of another key, nor one of the same key that has another cause. When there is no room left, the application
 * that has most makes some for the others, so that no flood of many keys hides a refusal of another application.
 */
export class DenialSamples<T extends Kind> {
  private shares = new Map<string, Share<T>>();
  #size = 0;
  /** Denials since the start, by what became of them. */
  readonly counts = { kept: 0, joined: 0, dropped: 0 };

  get size(): number {
    return this.#size;
  }

  /** `make` is called for one that is kept. */
  add(kind: Kind, make: () => T): void {
    const share = this.shares.get(kind.applicationId) ?? {
      kinds: new Map<string, KeptDenial<T>[]>(),
      size: 0,
    };
    const name = `${kind.keyId ?? ''} ${kind.cause}`;
    const kept = share.kinds.get(name) ?? [];
    if (kept.length >= KEPT_OF_A_KIND || !this.makeRoom(share.size)) {
      const last = kept.at(-1);
      if (last !== undefined) last.repeated += 1;
      this.counts[last === undefined ? 'dropped' : 'joined'] += 1;
      return;
    }
    kept.push({ denial: make(), repeated: 1 });
    share.kinds.set(name, kept);
    share.size += 1;
    this.shares.set(kind.applicationId, share);
    this.#size += 1;
    this.counts.kept += 1;
  }

  take(): KeptDenial<T>[] {
    const taken = [...this.shares.values()].flatMap(({ kinds }) => [...kinds.values()].flat());
    this.shares = new Map();
    this.#size = 0;
    return taken;
  }

  /** Returns whether an application that has so many may keep one more. */
  private makeRoom(size: number): boolean {
    if (size >= MAX_OF_APPLICATION) return false;
    if (this.#size < MAX_KEPT) return true;
    let largest: Share<T> | undefined;
    for (const share of this.shares.values()) if (share.size > (largest?.size ?? size + 1)) largest = share;
    if (largest === undefined) return false;
    this.dropOne(largest);
    return true;
  }

  /** The one before it stands for it, if there is one of its kind. */
  private dropOne(share: Share<T>): void {
    const [first] = share.kinds;
    if (first === undefined) return;
    const [name, kept] = first;
    const { repeated = 0 } = kept.pop() ?? {};
    const last = kept.at(-1);
    if (last === undefined) {
      share.kinds.delete(name);
      this.counts.dropped += repeated;
    } else {
      last.repeated += repeated;
    }
    share.size -= 1;
    this.#size -= 1;
  }
}
