import { compactVerify, errors } from 'jose';
import { AccessTokenReader } from '../application/access-token-reader.js';
import type { AccessTokenVerifier } from '../application/access-token-verifier.js';
import type { Principal } from '../domain/principal.js';
import { notValid } from '../domain/trusted-issuer.js';

/** Judges a token as the guard of the routes does: the same keys, the same rules for its claims. */
export class JoseAccessTokenReader extends AccessTokenReader {
  constructor(private readonly verifier: AccessTokenVerifier) {
    super();
  }

  async read(token: string): Promise<{ principal: Principal; expiresAt: Date }> {
    const key = await this.verifier.keyOf(token, true);
    const claims = await compactVerify(token, key, { algorithms: this.verifier.algorithms() }).then(
      ({ payload }) => JSON.parse(Buffer.from(payload).toString()) as Record<string, unknown>,
      (error: unknown) => {
        throw error instanceof errors.JOSEError ? notValid() : error;
      },
    );
    const principal = this.verifier.principalOf(claims);
    return { principal, expiresAt: new Date((claims.exp as number) * 1000) };
  }
}
