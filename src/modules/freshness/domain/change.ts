/** What a change was made to: a kind of record, and which one (a UUID). This module gives kinds no meaning. */
export interface EntityRef {
  kind: string;
  id: string;
}

/** One record of a committed change. A transaction takes one number, however many records it changed. */
export interface Change extends EntityRef {
  /** Rises with every transaction, in the order of commits. */
  number: number;
}

/**
 * The kind that stands for everything: a transaction that changed so many records that naming them would
 * cost more than forgetting all that is cached.
 */
export const EVERYTHING = '*';

/** What a cached value was made of: see `onEntity` and `onKind`. */
export type Dependency = string;

/** The value was made of this record, and is worth nothing once it changes. */
export function onEntity(kind: string, id: string): Dependency {
  return `${kind}/${id}`;
}

/** The value speaks of all records of a kind ("there is no such key"), and any change of that kind ends it. */
export function onKind(kind: string): Dependency {
  return `${kind}/`;
}
