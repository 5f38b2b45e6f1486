import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';

/** A key of the HMAC under which API keys are stored. Hashes name their pepper's version. */
export interface Pepper {
  version: number;
  /** 32 bytes or more. */
  key: Buffer;
}

const PEM_BLOCK = /-----BEGIN ([A-Z ]+)-----[^-]+-----END \1-----/g;
const PEPPER = /^([1-9]\d{0,3})=([A-Za-z0-9_-]{43,})$/;

/** The private key that signs access tokens. Throws, without the value, unless it is one of P-256. */
export function parseSigningKey(text: string): KeyObject {
  return p256(() => createPrivateKey(pemOf(text)), 'must be a P-256 private key in PKCS#8 PEM');
}

/** Further keys whose tokens are still good: any number of PEM blocks, public or private. */
export function parsePreviousKeys(text: string): KeyObject[] {
  const complaint = 'must be P-256 keys in PEM, one after the other';
  const blocks = pemOf(text).match(PEM_BLOCK) ?? [];
  if (blocks.length === 0) throw new Error(complaint);
  return blocks.map((block) => p256(() => createPublicKey(block), complaint));
}

/** `1=<base64url>,2=<base64url>`, oldest version first. */
export function parsePeppers(text: string): Pepper[] {
  const peppers = text.split(',').map((item) => {
    const [, version, key] = PEPPER.exec(item.trim()) ?? [];
    if (version === undefined || key === undefined) {
      throw new Error('must be like 1=<base64url of at least 32 bytes>,2=…, with versions from 1 to 9999');
    }
    return { version: Number(version), key: Buffer.from(key, 'base64url') };
  });
  if (new Set(peppers.map(({ version }) => version)).size < peppers.length) {
    throw new Error('must not name a version twice');
  }
  return peppers.sort((a, b) => a.version - b.version);
}

/** What is wrong with the version that new hashes are to use: null for nothing. */
export function pepperVersionProblem(peppers: readonly Pepper[], version: number | undefined): string | null {
  if (version === undefined) {
    return peppers.length > 1
      ? 'is required when API_KEY_PEPPERS has several versions: the one that new hashes use'
      : null;
  }
  return peppers.some((pepper) => pepper.version === version)
    ? null
    : 'must be one of the versions of API_KEY_PEPPERS';
}

/** A token of RFC 6750 (section 2.1) that cannot be guessed. */
export function parseBearerToken(text: string): string {
  if (!/^[\w.~+/-]{16,512}=*$/.test(text)) {
    throw new Error('must be 16 to 512 characters of A-Z, a-z, 0-9 and -._~+/');
  }
  return text;
}

/** PEM as an environment can carry it: with real line breaks, with `\n` for them, or the whole in base64. */
function pemOf(text: string): string {
  const pem = text.includes('-----BEGIN ') ? text : Buffer.from(text, 'base64').toString('latin1');
  return pem.replaceAll('\\n', '\n');
}

function p256(read: () => KeyObject, complaint: string): KeyObject {
  let key: KeyObject;
  try {
    key = read();
  } catch {
    throw new Error(complaint);
  }
  if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw new Error(complaint);
  return key;
}
