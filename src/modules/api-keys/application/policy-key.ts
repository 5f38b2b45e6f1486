import type { PolicyKey } from '../../applications/index.js';
import type { ApiKey } from '../domain/api-key.js';

/** What of a key a policy is about. The scopes of a service key are those of this service: they are none of its business. */
export function policyKeyOf(key: ApiKey): PolicyKey & { readonly enabled: boolean } {
  const { createdAt, expiresAt, ipAllowlist, enabled } = key;
  return { createdAt, expiresAt, ipAllowlist, enabled, scopes: key.isForService ? [] : key.scopes };
}
