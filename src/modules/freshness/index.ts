export { Freshness } from './application/freshness.js';
export type { FreshnessState } from './application/freshness-node.js';
export type { ChangeListener } from './application/applied-changes.js';
export { onKind, onSubject, type Dependency, type Subject } from './domain/change.js';
export type { FillTicket } from './domain/fill-gate.js';
export { FreshCache, type FreshCacheOptions } from './infrastructure/fresh-cache.js';
export { FreshnessModule } from './freshness.module.js';
