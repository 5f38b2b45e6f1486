/** A node as the database knows it. */
export interface NodeRow {
  id: string;
  /** Rises with each renewal of the node's lease; never goes back for one id. */
  renewal: number;
  /** The last change that the node has applied. */
  applied: number;
  /** How long the node may use a lease, by a clock within `CLOCK_RATE_ERROR` of true time. */
  leaseMs: number;
}

interface Sighting {
  renewal: number;
  leaseMs: number;
  /** Monotonic milliseconds. */
  at: number;
}

/**
 * Knows when each node's lease has run out, by this process's monotonic clock alone: a renewal that somebody
 * has read was sent before the answer came, so its lease is over one lease after that. No wall clock takes
 * part, neither ours nor the database's: those are set, and jump when a machine wakes or a standby takes over.
 */
export class NodeWatch {
  private readonly sightings = new Map<string, Sighting>();

  /** @param answeredAt Monotonic, and read after the rows arrived: a renewal may be as young as that. */
  note(nodes: readonly NodeRow[], answeredAt: number): void {
    for (const { id, renewal, leaseMs } of nodes) {
      const known = this.sightings.get(id);
      // Answers may overtake one another: an older one tells nothing new.
      if (known !== undefined && known.renewal >= renewal) continue;
      this.sightings.set(id, { renewal, leaseMs, at: answeredAt });
    }
  }

  /** When the lease of a row that was noted has certainly run out (monotonic milliseconds). */
  lapsesAt(id: string): number {
    const sighting = this.sightings.get(id);
    return sighting === undefined ? Infinity : sighting.at + sighting.leaseMs;
  }

  /** Nodes that have not renewed for so long that their rows can go. */
  silentFor(ms: number, now: number): { id: string; renewal: number }[] {
    return [...this.sightings]
      .filter(([, { at, leaseMs }]) => now - at > Math.max(ms, leaseMs))
      .map(([id, { renewal }]) => ({ id, renewal }));
  }

  forget(id: string): void {
    this.sightings.delete(id);
  }
}
