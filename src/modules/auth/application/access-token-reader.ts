import type { Principal } from '../domain/principal.js';

/** Reads an access token that no call was authenticated with, but that comes from its issuer. */
export abstract class AccessTokenReader {
  /** Throws `invalid_token` for one that no route would take, and `service_unavailable`. */
  abstract read(token: string): Promise<{ principal: Principal; expiresAt: Date }>;
}
