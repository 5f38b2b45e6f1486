/**
 * Calls `next` with a value that is there, at once, or with one that comes later, when it has come. A promise for what is
 * there already would cost as much as a whole verification takes.
 */
export function chain<T, R>(value: T | Promise<T>, next: (value: T) => R | Promise<R>): R | Promise<R> {
  return value instanceof Promise ? value.then(next) : next(value);
}
