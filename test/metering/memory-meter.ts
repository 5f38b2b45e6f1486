import { CreditLedger } from '../../src/modules/metering/application/credit-ledger.js';
import { Meter } from '../../src/modules/metering/application/meter.js';
import { RateLimiter } from '../../src/modules/metering/application/rate-limiter.js';
import type { CreditStore } from '../../src/modules/metering/domain/credit-store.js';
import { MemoryRateLimitStore } from '../../src/modules/metering/infrastructure/memory-rate-limit-store.js';

/** Room for more limits than a test has. */
const ROOM = 1000;

/** Counts and pays in memory, on a clock that stands still; without room, no limit can be counted. */
export function memoryMeter(
  credits: CreditStore,
  { onFailure = 'closed', room = ROOM }: { onFailure?: 'open' | 'closed'; room?: number } = {},
): Meter {
  const limiter = new RateLimiter(new MemoryRateLimitStore(() => 0, room), { onFailure, timeoutMs: 1000 });
  return new Meter(limiter, new CreditLedger(credits));
}
