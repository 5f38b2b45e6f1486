/** Where the process stands between its start and its end; requests look at it. */
export class Lifecycle {
  private ending = false;

  /** From here on readiness is refused and connections are not kept. */
  beginToEnd(): void {
    this.ending = true;
  }

  get isEnding(): boolean {
    return this.ending;
  }
}
