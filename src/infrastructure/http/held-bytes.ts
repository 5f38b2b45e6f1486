/** Bytes that are held at once, by each holder and by all together. */
export class HeldBytes {
  private readonly held = new Map<string, number>();
  private sum = 0;

  constructor(private readonly limits: { ofOne: number; ofAll: number }) {}

  /** Returns whether there is room for so many more; `release` has to follow then. */
  take(holder: string, bytes: number): boolean {
    const { ofOne, ofAll } = this.limits;
    const own = (this.held.get(holder) ?? 0) + bytes;
    if (own > ofOne || this.sum + bytes > ofAll) return false;
    this.held.set(holder, own);
    this.sum += bytes;
    return true;
  }

  release(holder: string, bytes: number): void {
    const left = (this.held.get(holder) ?? 0) - bytes;
    if (left > 0) this.held.set(holder, left);
    else this.held.delete(holder);
    this.sum -= bytes;
  }
}
