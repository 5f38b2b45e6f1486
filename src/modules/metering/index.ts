export { MeteringModule } from './metering.module.js';
export { LimitsService } from './application/limits.service.js';
export { Meter, type Metered } from './application/meter.js';
export { CreditBalances } from './domain/credit-balances.js';
export { MAX_CREDITS, type CreditChanges, type Credits } from './domain/credits.js';
export { metering, type LimitReport, type Metering, type Usage } from './domain/metering.js';
export { limitSet, type RateLimit } from './domain/rate-limit.js';
export { toBalanceChange } from './http/application-limits.controller.js';
export { BALANCE_BODY, BALANCE_DESCRIPTION } from './http/application-limits.docs.js';
export {
  IsCreditChanges,
  IsCredits,
  IsRateLimits,
  ReadCreditChanges,
  ReadCredits,
  ReadRateLimits,
} from './http/limit-validators.js';
export {
  ChangeBalanceDto,
  ChangeCreditsDto,
  CreditsDto,
  RATE_LIMITS,
  RateLimitDto,
} from './http/limits.dto.js';
