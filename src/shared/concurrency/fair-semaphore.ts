import { DomainError } from '../domain-error.js';

/** Who asks: those of one name share one place in the turns. */
export interface Party {
  readonly name: string;
  /** Waits beside those who are not known, with room of its own, and takes turns with all of them together. */
  readonly isKnown?: boolean;
}

interface Waiter {
  begin(): void;
  refuse(error: DomainError): void;
}

/**
 * Lets a bounded number of jobs run at once, and a bounded number wait for their turn, of parties that are known and
 * of others. Who waits is served party by party, so that somebody with one job waits for one job of each other party and
 * not for all that one of them has. When there is no room to wait, the party that has most waiting loses the last of it.
 */
export class FairSemaphore {
  private readonly known = new Turns();
  private readonly others = new Turns();
  private running = 0;
  private wasKnown = false;

  /** @param busy What somebody is told, as `service_unavailable`, for whom there is no room to wait. */
  constructor(
    private readonly limits: { running: number; waiting: number },
    private readonly busy: { detail: string; retryAfter: number },
  ) {}

  /** Throws `service_unavailable`. */
  async run<T>(party: Party, work: () => Promise<T>): Promise<T> {
    if (this.running < this.limits.running) {
      this.running += 1;
    } else {
      // Whoever finishes hands the place on.
      await this.wait(party);
    }
    try {
      return await work();
    } finally {
      const next = this.next();
      if (next === undefined) this.running -= 1;
      else next.begin();
    }
  }

  private wait({ name, isKnown = false }: Party): Promise<void> {
    const turns = isKnown ? this.known : this.others;
    if (turns.waiting >= this.limits.waiting) this.makeRoom(turns, turns.lengthOf(name));
    return new Promise((resolve, reject) => {
      turns.add(name, { begin: resolve, refuse: reject });
    });
  }

  /** Throws `service_unavailable` when nobody has more waiting than the one who comes. */
  private makeRoom(turns: Turns, length: number): void {
    const { detail, retryAfter } = this.busy;
    const error = new DomainError('service_unavailable', detail, { retryAfter });
    if (turns.longest.length <= length + 1) throw error;
    turns.dropLast()?.refuse(error);
  }

  private next(): Waiter | undefined {
    const [first, second] = this.wasKnown ? [this.others, this.known] : [this.known, this.others];
    const turns = first.waiting > 0 ? first : second;
    this.wasKnown = turns === this.known;
    return turns.next();
  }
}

/** Parties that take turns, each with those of it who wait. */
class Turns {
  private readonly parties = new Map<string, Waiter[]>();
  waiting = 0;

  get longest(): Waiter[] {
    let longest: Waiter[] = [];
    for (const waiters of this.parties.values()) if (waiters.length > longest.length) longest = waiters;
    return longest;
  }

  lengthOf(name: string): number {
    return this.parties.get(name)?.length ?? 0;
  }

  add(name: string, waiter: Waiter): void {
    const waiters = this.parties.get(name);
    if (waiters === undefined) this.parties.set(name, [waiter]);
    else waiters.push(waiter);
    this.waiting += 1;
  }

  /** The first waiter of the party whose turn it is, which is the last one's from then on. */
  next(): Waiter | undefined {
    const [entry] = this.parties;
    if (entry === undefined) return undefined;
    const [name, waiters] = entry;
    const waiter = waiters.shift();
    this.parties.delete(name);
    if (waiters.length > 0) this.parties.set(name, waiters);
    this.waiting -= 1;
    return waiter;
  }

  /** Takes the last one out of those who wait longest in number; that party has others left. */
  dropLast(): Waiter | undefined {
    this.waiting -= 1;
    return this.longest.pop();
  }
}
