import { randomBytes } from 'node:crypto';

type Json = Record<string, unknown>;

interface Call {
  method?: string;
  headers?: Record<string, string>;
  /** Sent as it is when it is a string. */
  body?: Json | string;
  /** Whether the answer hands out secrets, as few do. */
  handsOut?: boolean;
}

/**
 * What people and services do with this service in a day, and what they do wrong: every secret they are handed, and
 * every one they make up or misplace, is kept.
 */
export class Life {
  /** By the name under which a find is reported. */
  readonly secrets: Record<string, string> = {};
  /** Every answer that has no business to hold a secret, with its headers. */
  answers = '';
  readonly #email = `someone-${randomBytes(6).toString('hex')}@example.org`;
  #accessToken = '';
  #application = '';

  constructor(private readonly url: string) {}

  /** A day on which all goes well. */
  async goesWell(): Promise<void> {
    const password = this.#keep('password', `a long walk ${random()}`);
    await this.#signIn('register', '/auth/register', { email: this.#email, password, name: 'Someone' });
    const { refreshToken } = await this.#signIn('login', '/auth/login', { email: this.#email, password });
    await this.#signIn('refresh', '/auth/refresh', { refreshToken });
    await this.#call('/auth/me');

    const application = await this.#call('/applications', { body: { name: 'Leaky', description: 'or not' } });
    this.#application = (JSON.parse(application.text) as { id: string }).id;
    const key = await this.#issue('key', { name: 'first', scopes: ['a:read'], metadata: { team: 'red' } });
    const another = await this.#issue('another key', {});
    await this.#issue('test key', { environment: 'test' });

    await this.#verify(key.secret, { scopes: ['a:read'] });
    await this.#call('/apikey/verify', { headers: { 'x-api-key': key.secret }, method: 'GET' });
    await this.#call('/apikey/verify', { headers: { authorization: `Bearer ${key.secret}` }, method: 'GET' });
    await this.#call(`/apikey?ApplicationId=${this.#application}`);
    await this.#call(key.path);
    await this.#call(key.path, { method: 'PATCH', body: { name: 'renamed', enabled: false } });
    await this.#verify(key.secret);
    await this.#call(another.path, { method: 'DELETE' });
    await this.#verify(another.secret);
    await this.#call('/metrics');
    await this.#call('/health/ready');
  }

  /** Wrong secrets, and right ones where they do not belong. What is made up is kept under the name of the `time`. */
  async goesWrong(time: string): Promise<void> {
    const {
      password,
      key,
      'access token of login': accessToken,
      'refresh token of login': spent,
    } = this.secrets;
    const wrongPassword = this.#keep(`wrong password, ${time}`, `a short walk ${random()}`);
    const strangersKey = this.#keep(`key of nobody, ${time}`, `upblit_live_${alphanumeric(36)}`);
    const strangersToken = this.#keep(`refresh token of nobody, ${time}`, `upblit_rt_${alphanumeric(43)}`);
    const badToken = this.#keep(
      `access token of nobody, ${time}`,
      `eyJhbGciOiJub25lIn0.${alphanumeric(60)}.${alphanumeric(86)}`,
    );

    await this.#call('/auth/login', { body: { email: this.#email, password: wrongPassword } });
    await this.#call('/auth/login', { body: { email: this.#email, password, unknown: wrongPassword } });
    await this.#call('/auth/login', { body: { email: this.#email, password: [wrongPassword] } });
    await this.#call('/auth/login', { body: `{"email": "x", "password": "${wrongPassword}` });
    await this.#call('/auth/login', {
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: `email=x&password=${encodeURIComponent(wrongPassword)}`,
    });
    await this.#call(`/auth/login?password=${encodeURIComponent(wrongPassword)}`, { body: {} });
    await this.#call('/auth/register', { body: { email: this.#email, password } });
    await this.#call('/auth/register', { body: { email: this.#email, password: wrongPassword.repeat(10) } });
    await this.#call('/auth/refresh', { body: { refreshToken: spent } });
    await this.#call('/auth/refresh', { body: { refreshToken: strangersToken } });
    await this.#call('/auth/refresh', { body: { refreshToken: accessToken } });
    await this.#call('/auth/logout', { body: { refreshToken: this.secrets['refresh token of refresh'] } });

    for (const secret of [key, strangersKey, strangersToken, badToken].filter((one) => one !== undefined)) {
      await this.#verify(secret);
      await this.#verify(`${secret.slice(0, -1)}!`);
      await this.#call('/apikey/verify', { body: { key: [secret], [secret]: secret } });
      await this.#call('/apikey/verify', { body: `{"key": "${secret}"` });
      await this.#call('/apikey/verify', { method: 'GET', headers: { 'x-api-key': `${secret}, ${secret}` } });
      await this.#call(`/apikey/verify?key=${secret}`, { method: 'GET' });
      await this.#call(`/apikey/verify?scopes=${secret}`, { method: 'GET' });
      await this.#call(`/apikey?ApplicationId=${secret}`, { method: 'POST' });
      await this.#call(`/apikey/${secret}`);
      await this.#call(`/${secret}/${encodeURIComponent(`key=${secret}`)}?cursor=${secret}&limit=${secret}`);
      await this.#call('/auth/me', { headers: { authorization: `Bearer ${secret}` } });
      await this.#call('/auth/me', { headers: { authorization: `Basic ${btoa(`x:${secret}`)}` } });
      await this.#call('/auth/me', {
        headers: {
          'x-request-id': secret,
          'user-agent': secret,
          referer: secret,
          cookie: `session=${secret}`,
        },
      });
    }
  }

  async #signIn(name: string, path: string, body: Json): Promise<{ refreshToken: string }> {
    const { text } = await this.#call(path, { body, handsOut: true });
    const tokens = JSON.parse(text) as { accessToken: string; refreshToken: string };
    this.#accessToken = this.#keep(`access token of ${name}`, tokens.accessToken);
    this.#keep(`refresh token of ${name}`, tokens.refreshToken);
    return tokens;
  }

  async #issue(name: string, body: Json): Promise<{ path: string; secret: string }> {
    const path = `/apikey?ApplicationId=${this.#application}`;
    const { text, location } = await this.#call(path, { body, handsOut: true });
    return { path: location, secret: this.#keep(name, JSON.parse(text) as string) };
  }

  async #verify(key: string, more: Json = {}): Promise<void> {
    await this.#call('/apikey/verify', { body: { key, ...more } });
  }

  #keep(name: string, secret: string): string {
    this.secrets[name] = secret;
    return secret;
  }

  async #call(path: string, call: Call = {}): Promise<{ text: string; location: string }> {
    const { body, headers = {}, handsOut = false } = call;
    const response = await fetch(this.url + path, {
      method: call.method ?? (body === undefined ? 'GET' : 'POST'),
      headers: {
        ...(path.startsWith('/apikey/verify') ? {} : { authorization: `Bearer ${this.#accessToken}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    if (handsOut && !response.ok) throw new Error(`${path} answered ${response.status}: ${text}`);
    if (!handsOut) this.answers += `${response.status} ${JSON.stringify([...response.headers])} ${text}\n`;
    return { text, location: response.headers.get('location') ?? '' };
  }
}

function random(): string {
  return randomBytes(16).toString('hex');
}

function alphanumeric(length: number): string {
  return randomBytes(2 * length)
    .toString('base64')
    .replace(/[+/=]/g, '')
    .slice(0, length);
}
