export { ApiKeysModule } from './api-keys.module.js';
export { ApiKeyService } from './application/api-key.service.js';
export { ApiKeyAccess, CurrentApiKey } from './http/api-key-access.guard.js';
export { KEY_ID_IN_PATH } from './http/api-keys.docs.js';
export { ServiceKeyService } from './application/service-key.service.js';
export { MAX_OVERLAP_SECONDS } from './domain/api-key-secret.js';
export { AddressList } from './domain/address-list.js';
export { parseImportedKey } from './domain/imported-key.js';
export {
  KEY_ENVIRONMENTS,
  KEY_PREFIX,
  SERVICE_KEY_PREFIX,
  parseKey,
  type KeyEnvironment,
  type KeyKind,
} from './domain/key-format.js';
export { KeyHasher, sha256Of } from './domain/key-hasher.js';
export { type Metadata } from './domain/metadata.js';
export { type HandedOutKey } from './domain/api-key.js';
export { type PlaintextKey } from './domain/plaintext-key.js';
