import { randomBytes } from 'node:crypto';

type Json = Record<string, unknown>;

interface Call {
  method?: string;
  headers?: Record<string, string>;
  /** Sent as it is when it is a string. */
  body?: Json | string;
  /** Whether the answer hands out secrets, as few do. */
  handsOut?: boolean;
  /** Whether the call is meant to be refused. */
  isWrong?: boolean;
}

interface Tokens {
  accessToken: string;
  refreshToken: string;
  user: { id: string };
}

/** Calls the service, and keeps every secret it is handed or makes up. */
export class Recorder {
  /** By the name under which a find is reported. */
  readonly secrets: Record<string, string> = {};
  /** Every answer that has no business to hold a secret, with its headers. */
  answers = '';
  /** Every call, as `GET /apikey/0198…`. */
  readonly calls = new Set<string>();
  #accessToken = '';
  #serviceKey = '';

  constructor(private readonly url: string) {}

  keep(name: string, secret: string): string {
    this.secrets[name] = secret;
    return secret;
  }

  /** Signs somebody in, in one of the ways, and calls on as that person. */
  async signIn(
    name: string,
    path: string,
    body: Json,
    headers: Record<string, string> = {},
  ): Promise<Tokens> {
    const { text } = await this.call(path, { body, headers, handsOut: true });
    const tokens = JSON.parse(text) as Tokens;
    this.#accessToken = this.keep(`access token of ${name}`, tokens.accessToken);
    this.keep(`refresh token of ${name}`, tokens.refreshToken);
    return tokens;
  }

  /** A call with the access token, unless it is the key that counts. Throws when one that is right is refused. */
  async call(path: string, call: Call = {}): Promise<{ text: string; location: string; cookie: string }> {
    const { body, headers = {}, handsOut = false, isWrong = false } = call;
    const method = call.method ?? (body === undefined ? 'GET' : 'POST');
    this.calls.add(`${method} ${path.split('?', 1)[0]}`);
    const response = await fetch(this.url + path, {
      method,
      headers: {
        ...this.credential(method, path),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!isWrong && !response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
    if (!handsOut) this.answers += `${response.status} ${JSON.stringify([...response.headers])} ${text}\n`;
    const [cookie = ''] = response.headers.getSetCookie();
    return { text, location: response.headers.get('location') ?? '', cookie };
  }

  /** Verifies with this key from now on. */
  serveAs(serviceKey: string): void {
    this.#serviceKey = serviceKey;
  }

  private credential(method: string, path: string): Record<string, string> {
    if (!path.startsWith('/apikey/verify')) return { authorization: `Bearer ${this.#accessToken}` };
    if (this.#serviceKey === '') return {};
    return method === 'GET'
      ? { 'x-service-key': this.#serviceKey }
      : { authorization: `Bearer ${this.#serviceKey}` };
  }
}

export function random(): string {
  return randomBytes(16).toString('hex');
}

export function alphanumeric(length: number): string {
  return randomBytes(2 * length)
    .toString('base64')
    .replace(/[+/=]/g, '')
    .slice(0, length);
}
