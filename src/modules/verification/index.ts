export {
  VerificationObservers,
  type ObservedVerification,
  type ServiceKeyUse,
  type VerificationObserver,
} from './application/verification-observer.js';
export { VerificationRecords } from './application/verification-records.js';
export { DENIAL_CODES, VERDICT_CODES, type DenialCode, type VerdictCode } from './domain/verification.js';
export { VerificationModule } from './verification.module.js';
