import { isIP } from 'node:net';
import type { Variable } from './variable.js';

/* How the variables of the environment are read. No complaint holds the value: it may be a secret. */

export function text(fallback: string, about: string): Variable<string> & { default: string } {
  return { about, default: fallback, parse: (value) => value };
}

/** A variable that holds a secret. */
export function secret<T extends Variable<unknown>>(variable: T): T {
  return { ...variable, isSecret: true };
}

export function optional<T>(
  parse: (value: string) => T,
  about: string,
): Variable<T> & { default: undefined } {
  return { about, default: undefined, parse };
}

export function integer(
  min: number,
  max: number,
  fallback: string,
  about: string,
): Variable<number> & { default: string } {
  return {
    about,
    default: fallback,
    parse: (value) => {
      const number = Number(value);
      if (!/^\d+$/.test(value) || number < min || number > max) {
        throw new Error(`must be an integer from ${min} to ${max}`);
      }
      return number;
    },
  };
}

export function optionalInteger(
  min: number,
  max: number,
  about: string,
): Variable<number> & { default: undefined } {
  return { ...integer(min, max, '', about), default: undefined };
}

export function boolean(fallback: 'true' | 'false', about: string): Variable<boolean> & { default: string } {
  return {
    about,
    default: fallback,
    parse: (value) => {
      if (value !== 'true' && value !== 'false') throw new Error('must be true or false');
      return value === 'true';
    },
  };
}

export function oneOf<const T extends string>(
  values: readonly T[],
  fallback: NoInfer<T>,
  about: string,
): Variable<T> & { default: string } {
  return {
    about: `${about} One of ${values.join(', ')}.`,
    default: fallback,
    parse: (value) => {
      const found = values.find((candidate) => candidate === value);
      if (found === undefined) throw new Error(`must be one of ${values.join(', ')}`);
      return found;
    },
  };
}

/** One whose default depends on something else, as `about` says. */
export function optionalOneOf<const T extends string>(
  values: readonly T[],
  about: string,
): Variable<T> & { default: undefined } {
  return { ...oneOf(values, values[0] as NoInfer<T>, about), default: undefined };
}

export function optionalUrl(protocols: string[], about: string): Variable<string> & { default: undefined } {
  return {
    about,
    default: undefined,
    parse: (value) => {
      if (!URL.canParse(value) || !protocols.includes(new URL(value).protocol)) {
        throw new Error(
          `must be a URL that begins with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
        );
      }
      return value;
    },
  };
}

/** A number from 0 to 1. */
export function ratio(fallback: string, about: string): Variable<number> & { default: string } {
  return {
    about,
    default: fallback,
    parse: (value) => {
      if (!/^(?:0?\.\d+|[01](?:\.0*)?)$/.test(value)) throw new Error('must be a number from 0 to 1');
      return Number(value);
    },
  };
}

/** Headers, as `name=value,name=value` with values that are percent-encoded: as OpenTelemetry has them. */
export function parseHeaders(value: string): Readonly<Record<string, string>> {
  const pairs = value.split(',').map((pair) => {
    const [, name, encoded = ''] = /^\s*([\w!#$%&'*+.^`|~-]+)\s*=(.*)$/.exec(pair) ?? [];
    const decoded = decodeOrUndefined(encoded.trim());
    if (name === undefined || decoded === undefined || !/^[\x20-\x7e]*$/.test(decoded)) {
      throw new Error('must be name=value,name=value, with values that are percent-encoded');
    }
    return [name, decoded] as const;
  });
  return Object.fromEntries(pairs);
}

function decodeOrUndefined(encoded: string): string | undefined {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
}

/** The name of a commit, or the beginning of it. */
export function parseCommit(value: string): string {
  if (!/^[0-9a-f]{7,64}$/.test(value)) throw new Error('must be 7 to 64 characters of 0-9 and a-f');
  return value;
}

/** Plain http is taken to this machine alone: nobody sits on that way. */
export function httpsUrl(fallback: string, about: string): Variable<string> & { default: string } {
  return {
    about,
    default: fallback,
    parse: (value) => {
      const url = URL.canParse(value) ? new URL(value) : undefined;
      const isLocal = url !== undefined && ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
      if (url?.protocol === 'https:' || (url?.protocol === 'http:' && isLocal)) return value;
      throw new Error('must be a URL that begins with https://');
    },
  };
}

/** An address, alone or as `Name <address>`. */
export function parseSender(value: string): string {
  if (!/^(?:[^\s<>@,]+@[^\s<>@,]+|(?:[^<>\p{Cc}]+ )?<[^\s<>@,]+@[^\s<>@,]+>)$/u.test(value)) {
    throw new Error('must be an address such as keys@example.com, or Name <keys@example.com>');
  }
  return value;
}

/** How keys begin, without the underscore. */
export function parseKeyPrefix(value: string): string {
  if (!/^[a-z][a-z0-9]{1,15}$/.test(value)) {
    throw new Error('must be a lower-case letter and 1 to 15 more lower-case letters or digits');
  }
  return value;
}

/** Each is a branch of the expressions that every key is held against: a handful. */
const MAX_KEY_PREFIXES = 10;

export function parseKeyPrefixes(value: string): string[] {
  const prefixes = listOf(value).map(parseKeyPrefix);
  if (prefixes.length > MAX_KEY_PREFIXES) throw new Error(`must name at most ${MAX_KEY_PREFIXES} prefixes`);
  return prefixes;
}

/** RFC 6749, appendix A.1 and A.2. */
export function parseClientText(value: string): string {
  if (!/^[\x20-\x7e]{1,500}$/.test(value)) throw new Error('must be printable ASCII, up to 500 characters');
  return value;
}

/** Made anew for every request, or chosen by another variable. */
const OWN_PARAMETERS = new Set([
  'client_id',
  'client_secret',
  'code_challenge',
  'code_challenge_method',
  'nonce',
  'redirect_uri',
  'request',
  'request_uri',
  'response_mode',
  'response_type',
  'scope',
  'state',
]);

export function parseAuthorizationParameters(value: string): Readonly<Record<string, string>> {
  const parameters = [...new URLSearchParams(value)];
  const names = parameters.map(([name]) => name);
  const areGood = parameters.every(([name, text]) => /^\w{1,100}$/.test(name) && text !== '');
  if (!areGood || new Set(names).size < names.length) {
    throw new Error('must be a query such as audience=upblit&prompt=consent, with each name once');
  }
  const own = names.find((name) => OWN_PARAMETERS.has(name));
  if (own !== undefined) throw new Error(`must not set ${own}, which the service sets`);
  return Object.fromEntries(parameters);
}

/** How the proxies of a private network are named without their addresses. */
const ADDRESS_RANGES = ['loopback', 'linklocal', 'uniquelocal'];

/**
 * Whom Fastify believes. A number of hops would not do: who reaches the service past its proxies could make them
 * up.
 */
export function trustProxy(about: string): Variable<string[]> & { default: undefined } {
  return {
    about,
    default: undefined,
    parse: (value) => {
      const proxies = listOf(value);
      if (!proxies.every((proxy) => ADDRESS_RANGES.includes(proxy) || isAddress(proxy))) {
        throw new Error(`must be addresses, CIDR ranges or ${ADDRESS_RANGES.join(', ')}, comma-separated`);
      }
      return proxies;
    },
  };
}

export function optionalOrigins(about: string): Variable<string[]> & { default: undefined } {
  return {
    about,
    default: undefined,
    parse: (value) => {
      const origins = listOf(value);
      const areOrigins = origins.every((origin) => URL.canParse(origin) && new URL(origin).origin === origin);
      if (!areOrigins) {
        throw new Error('must be origins such as https://dashboard.example.com, comma-separated');
      }
      return origins;
    },
  };
}

function listOf(value: string): string[] {
  return value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

function isAddress(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (version === 4 ? 32 : 128));
}
