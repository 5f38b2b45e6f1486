export { ApiKeysModule } from './api-keys.module.js';
export { VerificationService } from './application/verification.service.js';
export { openFastLane } from './http/fast-lane.js';
