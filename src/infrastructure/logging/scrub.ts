/**
 * What a secret looks like, wherever it turns up: ours (an API key, a service key, a refresh token, a JWT), as they are
 * and as hex or base64 make them, and those of others that can be told by their form. The patterns are wider than the
 * formats, so that a mistyped or cut-off secret is taken for one too.
 */
const BUILT_IN = [
  String.raw`upblit(?:_|%5f)+(?:live|test|rt|ot|service)(?:_|%5f)+[\w%-]*`,
  String.raw`\beyJ[\w-]{6,}(?:\.[\w-]*){0,2}`,
  // "upblit_" in hex; in base64 at each of the three offsets; and as UTF-16.
  '7570626c69745f[0-9a-f]*',
  ...['dXBibGl0X', '[\\w+/]VwYmxpdF9', '[\\w+/]{2}1cGJsaXRf', '[\\w+/]{2}cGJsaXRf', 'dQBwAGIAbABpAHQAX'].map(
    (beginning) => String.raw`${beginning}[\w+/-]*=*`,
  ),
  // Others': Stripe and those who name theirs alike, GitHub, GitLab, Slack, AWS, Google, SendGrid, npm, OpenAI.
  String.raw`\b[a-z]{2,6}_(?:live|test|prod)_[A-Za-z0-9]{8,}`,
  String.raw`\bgh[a-z]_[A-Za-z0-9]{16,}|\bgithub_pat_\w{16,}|\bglpat-[\w-]{16,}|\bxox[a-z]-[\w-]{8,}`,
  String.raw`\bA[KS]IA[0-9A-Z]{12,}|\bAIza[\w-]{20,}|\bya29\.[\w-]{16,}|\bSG\.[\w-]{16,}(?:\.[\w-]*)?`,
  String.raw`\bwhsec_[\w+/=-]{8,}|\bnpm_[A-Za-z0-9]{20,}|\bhf_[A-Za-z0-9]{16,}|\bsk-[\w-]{16,}|\bdop_v1_[0-9a-f]{16,}`,
];

/** Prefixes of keys that the operator has chosen. */
const prefixes = new Set<string>();
let secrets = new RegExp(BUILT_IN.join('|'), 'gi');

/**
 * From now on keys of these prefixes are taken for secrets in all that this process writes. It stays so: what a server
 * of another prefix writes in the same process is no worse for it.
 */
export function scrubKeysOf(others: readonly string[]): void {
  const known = prefixes.size;
  for (const prefix of others) if (prefix !== 'upblit') prefixes.add(prefix);
  if (prefixes.size === known) return;
  const spellings = [...prefixes].flatMap((prefix) => [
    String.raw`${prefix}(?:_|%5f)+(?:live|test|service)(?:_|%5f)+[\w%-]*`,
    ...['live', 'test', 'service'].flatMap((kind) => encodingsOf(`${prefix}_${kind}_`)),
  ]);
  secrets = new RegExp([...BUILT_IN, ...spellings].join('|'), 'gi');
}

/** What stands for the text in hex; in base64 at each of the three offsets; and as UTF-16. */
function encodingsOf(text: string): string[] {
  const base64 = [0, 1, 2].map((offset) => {
    const bytes = Buffer.from(' '.repeat(offset) + text);
    // The digits that nothing before or after it has a part in.
    const digits = bytes
      .toString('base64')
      .slice(Math.ceil((offset * 8) / 6), Math.floor((bytes.length * 8) / 6));
    return String.raw`${digits.replace(/\+/g, String.raw`\+`)}[\w+/-]*=*`;
  });
  const wide = Buffer.from(text, 'utf16le')
    .toString('base64')
    .replace(/[A-Za-z0-9+/]?=*$/, '');
  return [
    `${Buffer.from(text).toString('hex')}[0-9a-f]*`,
    ...base64,
    String.raw`${wide.replace(/\+/g, String.raw`\+`)}[\w+/-]*=*`,
  ];
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** What a path of a service consists of besides ids: too short, and too plain, for a credential. */
const PLAIN_SEGMENT = /^\.?[a-z]{1,12}(?:-[a-z]{1,8})?(?:\.[a-z]{2,4})?$/;

/** Query parameters that say nothing about anybody, each with what it may hold. Nothing else goes into the logs. */
const PLAIN_PARAMETERS = new Map([
  ['ApplicationId', UUID],
  ['limit', /^\d{1,3}$/],
  ['status', /^[a-z]{1,12}$/],
  ['scopes', /^[a-z:*,.%-]{1,100}$/],
]);

/** The name of a parameter that may be logged: somebody may have sent a credential as the name. */
const PLAIN_NAME = /^[A-Za-z_-]{1,24}$/;

/** Characters of a path or a query that are logged or answered. */
const MAX_CHARACTERS = 200;

export const REDACTED = '[redacted]';

/** The text with every secret taken out of it. */
export function scrub(text: string): string {
  return text.replace(secrets, REDACTED);
}

/** Whether anything in the text looks like a key or a token, percent-encoded or not. */
export function holdsSecret(text: string): boolean {
  return scrub(text) !== text || scrub(decoded(text)) !== decoded(text);
}

/**
 * A path as it may be logged and answered. Where its route has a parameter it holds a UUID or nothing: whoever puts a
 * credential where an id belongs must not read it again, whatever kind of credential it is. Where there is no route,
 * only plain words are kept.
 *
 * @param route the pattern that the path has matched, such as `/apikey/:id`
 */
export function scrubPath(url: string, route?: string): string {
  const [path = ''] = url.split('?', 1);
  const pattern = route?.split('/') ?? [];
  const segments = path.split('/').map((segment, i) => {
    const isWritten = pattern[i] === segment && !segment.startsWith(':');
    return isWritten || segment === '' || isHarmless(segment, pattern[i]) ? segment : REDACTED;
  });
  return segments.join('/').slice(0, MAX_CHARACTERS);
}

function isHarmless(segment: string, pattern: string | undefined): boolean {
  if (UUID.test(segment)) return true;
  return pattern?.startsWith(':') !== true && PLAIN_SEGMENT.test(segment);
}

/** A request's URL as it may be logged; see `scrubPath`. */
export function scrubUrl(url: string, route?: string): string {
  const query = url.indexOf('?');
  if (query === -1) return scrubPath(url, route);
  const parameters = url
    .slice(query + 1)
    .split('&')
    .map((parameter) => {
      const [name = '', value = ''] = parameter.split('=', 2);
      if (PLAIN_PARAMETERS.get(name)?.test(value) === true && !holdsSecret(value)) return parameter;
      return `${PLAIN_NAME.test(name) ? name : REDACTED}=${REDACTED}`;
    });
  return `${scrubPath(url, route)}?${parameters.join('&').slice(0, MAX_CHARACTERS)}`;
}

function decoded(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
