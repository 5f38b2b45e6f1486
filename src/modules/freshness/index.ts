export type { Dated } from './application/fenced-reads.js';
export { Freshness } from './application/freshness.js';
export { onKind, onEntity } from './domain/change.js';
export { FreshCache } from './infrastructure/fresh-cache.js';
export { FreshnessModule } from './freshness.module.js';
