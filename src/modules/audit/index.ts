export { AuditModule } from './audit.module.js';
export { AuditRetention } from './application/audit-retention.js';
export {
  verifyExport,
  verifyStore,
  type AuditVerdict,
  type VerificationOptions,
} from './application/audit-verification.js';
export { AuditService } from './application/audit.service.js';
export { AuditRepository, type AuditHead } from './domain/audit.repository.js';
export { CheckpointKeys, checkpointsOfLines } from './domain/checkpoint.js';
