/** What does not work as it should while requests are served all the same, for whoever asks for readiness. */
export class Impairments {
  private readonly sources: (() => string | undefined)[] = [];

  /** @param source says what is wrong now, in a sentence without a secret, or nothing */
  watch(source: () => string | undefined): void {
    this.sources.push(source);
  }

  /** All of it; undefined for nothing. */
  describe(): string | undefined {
    const sentences = this.sources.map((source) => source()).filter((sentence) => sentence !== undefined);
    return sentences.length === 0 ? undefined : sentences.join(' ');
  }
}
