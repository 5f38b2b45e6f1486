import { DomainError } from '../domain-error.js';
import { Turns, type Waiter } from './turns.js';

/** Who asks: those of one name share one place in the turns. */
export interface Party {
  readonly name: string;
  /**
   * Where it asks from. Networks take turns, and in each of them the parties that ask from there: so whoever has many
   * accounts has no more turns than one. Left out for a party that has turns of its own.
   */
  readonly network?: string;
  /** Waits beside those who are not known, with room of its own, and takes turns with all of them together. */
  readonly isKnown?: boolean;
}

interface Limits {
  readonly running: number;
  readonly waiting: number;
  /** Of the jobs that wait, those that one party may have, wherever it asks from; left out for all of them. */
  readonly waitingOfOne?: number;
}

/**
 * Lets a bounded number of jobs run at once, and a bounded number wait for their turn, of parties that are known and
 * of others. Who waits is served network by network and party by party, so that somebody with one job waits for one job of
 * each other network and not for all that one of them has. When there is no room to wait, the network that has most waiting
 * loses the last of it, of the party that has most there.
 */
export class FairSemaphore {
  private readonly known = new Turns();
  private readonly others = new Turns();
  private running = 0;
  private wasKnown = false;

  /** @param busy What somebody is told, as `service_unavailable`, for whom there is no room to wait. */
  constructor(
    private readonly limits: Limits,
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

  private wait({ name, network = name, isKnown = false }: Party): Promise<void> {
    const { waiting, waitingOfOne = waiting } = this.limits;
    const turns = isKnown ? this.known : this.others;
    if (turns.ofParties().of(name) >= waitingOfOne) throw this.noRoom();
    if (turns.waiting >= waiting) this.makeRoom(turns, { name, network });
    return new Promise((resolve, reject) => {
      turns.add({ name, network, begin: resolve, refuse: reject });
    });
  }

  /**
   * By networks first, as they take turns: many parties of one would push out what a party of another has waiting. Throws
   * `service_unavailable` when no network has more waiting than that of the one who comes, nor any party of it more than
   * they.
   */
  private makeRoom(turns: Turns, { name, network: from }: Pick<Waiter, 'name' | 'network'>): void {
    const network = turns.networkOf(name) ?? from;
    const networks = turns.ofNetworks();
    const isOfOthers = networks.most > networks.of(network) + 1;
    const parties = turns.ofParties(network);
    if (!isOfOthers && parties.most <= parties.of(name) + 1) throw this.noRoom();
    turns.dropLast(isOfOthers ? networks.largest : network)?.refuse(this.noRoom());
  }

  private noRoom(): DomainError {
    const { detail, retryAfter } = this.busy;
    return new DomainError('service_unavailable', detail, { retryAfter });
  }

  private next(): Waiter | undefined {
    const [first, second] = this.wasKnown ? [this.others, this.known] : [this.known, this.others];
    const turns = first.waiting > 0 ? first : second;
    this.wasKnown = turns === this.known;
    return turns.next();
  }
}
