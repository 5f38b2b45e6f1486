/** By which the changes of one transaction are known to others, once it is committed. */
export interface ChangeProof {
  /** Its place in the order of all changes. */
  readonly number: number;
  /** Random: a number that was given to a transaction which was rolled back, or lost, may be given once more. */
  readonly id: string;
}

/** What a transaction has done whose COMMIT was answered, and by what others must see its changes, if there were any. */
export interface Committed<T> {
  readonly value: T;
  readonly change: ChangeProof | null;
}
