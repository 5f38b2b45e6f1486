/** A job that waits for its turn. */
export interface Waiter {
  readonly name: string;
  readonly network: string;
  begin(): void;
  refuse(error: Error): void;
}

interface Counts {
  of(which: string): number;
  readonly largest: string;
  readonly most: number;
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

  /** How many wait from each network. */
  ofNetworks(): Counts {
    return countsOf([...this.waiters].map(({ network }) => network));
  }

  /** How many wait of each party; with a network, of those that wait there. */
  ofParties(network?: string): Counts {
    const waiters = [...this.waiters].filter((waiter) => network === undefined || waiter.network === network);
    return countsOf(waiters.map(({ name }) => name));
  }

  /** Takes out who came last from this network, of the party that has most waiting there. */
  dropLast(network: string): Waiter | undefined {
    const parties = this.ofParties(network);
    const last = [...this.waiters].findLast(
      (waiter) => waiter.network === network && parties.of(waiter.name) === parties.most,
    );
    if (last !== undefined) this.remove(last);
    return last;
  }

  /** Where a party waits already. */
  networkOf(name: string): string | undefined {
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

function countsOf(names: readonly string[]): Counts {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  let [largest, most] = ['', 0];
  for (const [which, count] of counts) if (count > most) [largest, most] = [which, count];
  return { of: (which) => counts.get(which) ?? 0, largest, most };
}

/** Maps keep the order in which their keys were added. */
function moveToEnd<T>(map: Map<string, T> | undefined, key: string): void {
  const value = map?.get(key);
  if (map === undefined || value === undefined) return;
  map.delete(key);
  map.set(key, value);
}
