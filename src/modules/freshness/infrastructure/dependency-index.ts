import type { Dependency } from '../domain/change.js';

/**
 * Finds the cached keys that depend on an entity. Nearly every entity has one dependent, which is stored without a set:
 * a hundred thousand sets of one element would take most of the cache's memory.
 */
export class DependencyIndex {
  private readonly keysOf = new Map<Dependency, string | Set<string>>();

  add(dependency: Dependency, key: string): void {
    const held = this.keysOf.get(dependency);
    if (held === undefined) this.keysOf.set(dependency, key);
    else if (typeof held !== 'string') held.add(key);
    else if (held !== key) this.keysOf.set(dependency, new Set([held, key]));
  }

  remove(dependency: Dependency, key: string): void {
    const held = this.keysOf.get(dependency);
    if (held === key) {
      this.keysOf.delete(dependency);
    } else if (held !== undefined && typeof held !== 'string') {
      held.delete(key);
      if (held.size === 0) this.keysOf.delete(dependency);
    }
  }

  of(dependency: Dependency): readonly string[] {
    const held = this.keysOf.get(dependency);
    if (held === undefined) return [];
    return typeof held === 'string' ? [held] : [...held];
  }

  get size(): number {
    return this.keysOf.size;
  }
}
