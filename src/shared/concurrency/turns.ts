/** A job that waits for its turn. */
export interface Waiter {
  readonly name: string;
  readonly network: string;
  begin(): void;
  refuse(error: Error): void;
}

/** Networks that take turns, and in each the parties of it, each with those jobs of it that wait. */
export class Turns {
  private readonly networks = new Map<string, Map<string, Waiter[]>>();
  /** In the order in which they came. */
  private readonly waiters = new Set<Waiter>();

  get waiting(): number {
    return this.waiters.size;
  }

  /** A party has one place in the turns: it waits where it waits already, wherever else it asks from. */
  add({ network: from, ...rest }: Waiter): void {
    const { name } = rest;
    const network = this.networkOf(name) ?? from;
    const waiter = { ...rest, network };
    const parties = this.networks.get(network) ?? new Map<string, Waiter[]>();
    this.networks.set(network, parties);
    parties.set(name, [...(parties.get(name) ?? []), waiter]);
    this.waiters.add(waiter);
  }

  /** The first job of the party whose turn it is, in the network whose turn it is: the turns of both are the last then. */
  next(): Waiter | undefined {
    const [network] = this.networks;
    const [party] = network?.[1] ?? [];
    const waiter = party?.[1][0];
    if (waiter === undefined) return undefined;
    this.remove(waiter);
    moveToEnd(this.networks, waiter.network);
    moveToEnd(this.networks.get(waiter.network), waiter.name);
    return waiter;
  }

  /** How many wait of each party, or from each network. */
  countBy(side: 'name' | 'network'): {
    of(which: string): number;
    readonly largest: string;
    readonly most: number;
  } {
    const counts = new Map<string, number>();
    for (const waiter of this.waiters) counts.set(waiter[side], (counts.get(waiter[side]) ?? 0) + 1);
    let [largest, most] = ['', 0];
    for (const [which, count] of counts) if (count > most) [largest, most] = [which, count];
    return { of: (which) => counts.get(which) ?? 0, largest, most };
  }

  /** Takes out who came last of this party, or from this network. */
  dropLast(side: 'name' | 'network', which: string): Waiter | undefined {
    const last = [...this.waiters].findLast((waiter) => waiter[side] === which);
    if (last !== undefined) this.remove(last);
    return last;
  }

  private networkOf(name: string): string | undefined {
    for (const waiter of this.waiters) if (waiter.name === name) return waiter.network;
    return undefined;
  }

  private remove(waiter: Waiter): void {
    const { network, name } = waiter;
    this.waiters.delete(waiter);
    const parties = this.networks.get(network);
    const others = parties?.get(name)?.filter((one) => one !== waiter) ?? [];
    if (others.length > 0) parties?.set(name, others);
    else parties?.delete(name);
    if (parties?.size === 0) this.networks.delete(network);
  }
}

/** Maps keep the order in which their keys were added. */
function moveToEnd<T>(map: Map<string, T> | undefined, key: string): void {
  const value = map?.get(key);
  if (map === undefined || value === undefined) return;
  map.delete(key);
  map.set(key, value);
}
