export { ApiKeysModule } from './api-keys.module.js';
export { VerificationService } from './application/verification.service.js';
export { VerifyShortcut } from './http/verify-shortcut.js';
