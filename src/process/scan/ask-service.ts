import type { KeyFormat, PlaintextKey } from '../../modules/api-keys/index.js';
import { readBounded } from '../../shared/read-bounded.js';

/** What the service says of a key; `unasked` where it did not answer. */
export type KeyState = 'active' | 'disabled' | 'expired' | 'revoked' | 'unknown' | 'unasked';

const TIMEOUT_MS = 10_000;
const MAX_ANSWER = 64 * 1024;
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

/** Throws an Error whose message says what is wrong: keys that may be good are sent there. */
export function readServiceUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.includes(url.hostname));
  if (url === undefined || !isSafe || url.username !== '' || url.search !== '' || url.hash !== '') {
    throw new Error('--ask takes the address of the service, such as https://keys.example.com.');
  }
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}

/** Asks the service what became of keys. It needs no credential but the keys themselves, and counts and spends nothing. */
export class AskedService {
  /** Once it has refused to answer more, or was not reached, it is left in peace. */
  private isOver = false;

  constructor(
    private readonly url: URL,
    private readonly format: KeyFormat,
  ) {}

  async stateOf(key: PlaintextKey): Promise<KeyState> {
    if (this.isOver) return 'unasked';
    try {
      return await (this.format.isForService(key.reveal()) ? this.ofServiceKey(key) : this.ofApiKey(key));
    } catch {
      this.isOver = true;
      return 'unasked';
    }
  }

  private async ofApiKey(key: PlaintextKey): Promise<KeyState> {
    const answer = await this.ask('apikey/self', { 'x-api-key': key.reveal() });
    if (answer.status === 401) return 'unknown';
    // From this address it may not be used: so there is such a key, and it is good elsewhere.
    if (answer.status === 403) return 'active';
    const { status } = JSON.parse(answer.text) as { status?: unknown };
    const states = ['active', 'disabled', 'expired', 'revoked'] as const;
    return states.find((state) => answer.status === 200 && state === status) ?? this.refused();
  }

  /** A service key is let in, or lacks a scope, where it is good. Those that are not are answered alike, whatever they were. */
  private async ofServiceKey(key: PlaintextKey): Promise<KeyState> {
    const { status } = await this.ask('applications?limit=1', { authorization: `Bearer ${key.reveal()}` });
    if (status === 401) return 'unknown';
    return status === 200 || status === 403 ? 'active' : this.refused();
  }

  private refused(): 'unasked' {
    this.isOver = true;
    return 'unasked';
  }

  private async ask(
    path: string,
    headers: Record<string, string>,
  ): Promise<{ status: number; text: string }> {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    // Elsewhere than it was told to, a key is not sent.
    const response = await fetch(new URL(path, this.url), { headers, redirect: 'error', signal });
    const text = response.body === null ? '' : await readBounded(response.body, MAX_ANSWER);
    return { status: response.status, text };
  }
}
