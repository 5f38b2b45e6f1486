/** What is held of one body, until it is released. */
export interface Holding {
  /** Returns whether there is room for so many more bytes. */
  take(bytes: number): boolean;
  release(): void;
}

/**
 * Bytes that are held at once, by each holder and by all together. When there is no more room for all, what has been held
 * longest gives way: whoever holds something to keep others out has to bring all of it again and again.
 */
export class HeldBytes {
  private readonly held = new Map<string, number>();
  /** In the order in which they began to hold something; and how each is given up. */
  private readonly holdings = new Map<Holding, () => void>();
  private sum = 0;

  constructor(private readonly limits: { ofOne: number; ofAll: number }) {}

  /** @param giveUp Called when it has to give way: it has been released then. */
  hold(holder: string, giveUp: () => void): Holding {
    let own = 0;
    const holding = {
      take: (bytes: number): boolean => {
        if ((this.held.get(holder) ?? 0) + bytes > this.limits.ofOne) return false;
        if (!this.holdings.has(holding)) this.holdings.set(holding, giveUp);
        if (!this.makeRoom(bytes, holding)) return false;
        own += bytes;
        this.count(holder, bytes);
        return true;
      },
      release: (): void => {
        this.holdings.delete(holding);
        this.count(holder, -own);
        own = 0;
      },
    };
    return holding;
  }

  private makeRoom(bytes: number, comer: Holding): boolean {
    while (this.sum + bytes > this.limits.ofAll) {
      const [[oldest, giveUp] = []] = this.holdings;
      if (oldest === undefined || giveUp === undefined || oldest === comer) return false;
      oldest.release();
      giveUp();
    }
    return true;
  }

  private count(holder: string, bytes: number): void {
    const own = (this.held.get(holder) ?? 0) + bytes;
    if (own > 0) this.held.set(holder, own);
    else this.held.delete(holder);
    this.sum += bytes;
  }
}
