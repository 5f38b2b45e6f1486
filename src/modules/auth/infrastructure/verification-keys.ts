import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';

/** A public key, and the one algorithm it is used with. */
export interface VerificationKey {
  kid: string | undefined;
  alg: string;
  key: KeyObject;
}

const CURVES: Readonly<Record<string, string>> = {
  ES256: 'prime256v1',
  ES384: 'secp384r1',
  ES512: 'secp521r1',
};

/** RFC 7518, section 3.3. */
const MIN_RSA_BITS = 2048;

/**
 * The keys of a JWK Set that verify signatures of these algorithms; others are left out (RFC 7517, section 5).
 * A key that names no `alg` stands once for each algorithm it fits.
 */
export function verificationKeys(jwks: readonly unknown[], algorithms: readonly string[]): VerificationKey[] {
  return jwks.filter(isJwk).flatMap((jwk) => {
    if (jwk.use !== undefined && jwk.use !== 'sig') return [];
    if (jwk.key_ops !== undefined && !(Array.isArray(jwk.key_ops) && jwk.key_ops.includes('verify')))
      return [];
    const key = toPublicKey(jwk);
    if (key === undefined) return [];
    return algorithms
      .filter((alg) => (jwk.alg === undefined || jwk.alg === alg) && fits(key, alg))
      .map((alg) => ({ kid: typeof jwk.kid === 'string' ? jwk.kid : undefined, alg, key }));
  });
}

function isJwk(value: unknown): value is JsonWebKey {
  return typeof value === 'object' && value !== null;
}

function toPublicKey(jwk: JsonWebKey): KeyObject | undefined {
  try {
    return createPublicKey({ key: jwk, format: 'jwk' });
  } catch {
    return undefined;
  }
}

function fits(key: KeyObject, alg: string): boolean {
  const details = key.asymmetricKeyDetails ?? {};
  if (alg.startsWith('ES')) return details.namedCurve === CURVES[alg];
  return key.asymmetricKeyType === 'rsa' && (details.modulusLength ?? 0) >= MIN_RSA_BITS;
}
