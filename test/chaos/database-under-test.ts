/** Something that can happen to a database, and that ends. */
export interface Fault {
  readonly name: string;
  /** Injects; the returned function heals. */
  inject(random: () => number): Promise<() => Promise<void>>;
}

/** A database that the nodes of the service stand on, and what can be done to it. */
export interface DatabaseUnderTest {
  /** Connection string for the service's nodes. */
  readonly url: string;
  readonly faults: readonly Fault[];
  /** Whether a write commits now, asked directly; used to know when PostgreSQL itself is back. */
  isWritable(): Promise<boolean>;
  /**
   * When it last forgot what is in unlogged tables, by `performance.now()`; undefined when it never has. The rate limits
   * begin anew then.
   */
  readonly countsLostAt?: number | undefined;
  stop(): Promise<void>;
}
