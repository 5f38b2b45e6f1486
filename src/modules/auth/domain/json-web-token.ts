/** More than any token we take; decoding one costs as much as it is long. */
const MAX_LENGTH = 8192;

/** JWS Compact Serialization (RFC 7515, section 7.1). */
const COMPACT = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/;

/** Parameters that name keys of the sender's choice, or extensions that we do not know (RFC 8725, section 3.10). */
const REFUSED_PARAMETERS = ['crit', 'b64', 'jku', 'jwk', 'x5u', 'x5c'];

export interface TokenHeader {
  readonly alg: string;
  readonly kid?: string;
  readonly typ?: string;
}

/** What a token says of itself, before anything is verified: use it to choose a key, or to refuse, and for nothing else. */
export interface UnverifiedToken {
  readonly header: TokenHeader;
  readonly issuer: string;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** Reads a token's header and issuer. Undefined for everything that is not strictly a signed JWT. */
export function readUnverified(token: string): UnverifiedToken | undefined {
  if (token.length > MAX_LENGTH) return undefined;
  const parts = COMPACT.exec(token)?.slice(1) ?? [];
  if (!parts.every(isCanonical)) return undefined;
  const [header, payload] = parts.slice(0, 2).map(decodeObject);
  if (header === undefined || payload === undefined) return undefined;
  if (REFUSED_PARAMETERS.some((name) => Object.hasOwn(header, name))) return undefined;
  const { alg, kid, typ } = header;
  if (typeof alg !== 'string' || !isOptionalString(kid) || !isOptionalString(typ)) return undefined;
  if (typeof payload.iss !== 'string') return undefined;
  return {
    header: { alg, ...(kid === undefined ? {} : { kid }), ...(typ === undefined ? {} : { typ }) },
    issuer: payload.iss,
    claims: payload,
  };
}

/** One token, one spelling: decoders take padding, other alphabets, and any value of the bits to spare at the end. */
function isCanonical(part: string): boolean {
  return Buffer.from(part, 'base64url').toString('base64url') === part;
}

function decodeObject(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isOptionalString(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string';
}
