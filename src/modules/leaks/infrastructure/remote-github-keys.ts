import { Logger } from '@nestjs/common';
import { createPublicKey, type KeyObject } from 'node:crypto';
import type { Clock } from '../../../shared/clock.js';
import { singleFlight } from '../../../shared/concurrency/single-flight.js';
import { DomainError } from '../../../shared/domain-error.js';
import type { GithubKeys } from '../application/github-signatures.js';

// All in milliseconds.
/** For the whole answer. */
const TIMEOUT = 5000;
const MAX_AGE = 60 * 60_000;
/** How long keys are used while they cannot be read anew: GitHub may have withdrawn one meanwhile. */
const MAX_AGE_UNREACHABLE = 24 * 3600_000;
/** Between two fetches, whatever asks for them: anybody can make up the id of a key. GitHub allows 60 in an hour. */
const COOLDOWN = 60_000;

const MAX_BYTES = 256 * 1024;
const MAX_KEYS = 100;

/** The keys behind a URL: cached, and fetched again, at a bounded rate, when they are old or an id is not there. */
export class RemoteGithubKeys implements GithubKeys {
  private readonly logger = new Logger(RemoteGithubKeys.name);
  private readonly reload = singleFlight(() => this.fetch());
  private keys = new Map<string, KeyObject>();
  private fetchedAt = -Infinity;
  private nextFetchAt = -Infinity;
  private lastFetchFailed = false;
  private isLoading = false;

  constructor(
    private readonly url: URL,
    private readonly clock: Clock,
  ) {}

  async find(id: string): Promise<KeyObject | undefined> {
    if (this.age() > MAX_AGE) await this.reloadUnlessJustDone();
    let key = this.cached(id);
    if (key === undefined) {
      await this.reloadUnlessJustDone();
      key = this.cached(id);
    }
    // It may be among those that could not be read: the message cannot be called forged.
    if (key === undefined && this.lastFetchFailed) {
      const retryAfter = Math.max(1, Math.ceil((this.nextFetchAt - this.clock.monotonic()) / 1000));
      throw new DomainError('service_unavailable', "GitHub's keys cannot be read just now.", { retryAfter });
    }
    return key;
  }

  private cached(id: string): KeyObject | undefined {
    return this.age() > MAX_AGE_UNREACHABLE ? undefined : this.keys.get(id);
  }

  private age(): number {
    return this.clock.monotonic() - this.fetchedAt;
  }

  private async reloadUnlessJustDone(): Promise<void> {
    if (this.isLoading || this.clock.monotonic() >= this.nextFetchAt) await this.reload();
  }

  private async fetch(): Promise<void> {
    this.isLoading = true;
    this.nextFetchAt = this.clock.monotonic() + COOLDOWN;
    try {
      this.keys = await fetchKeys(this.url);
      this.fetchedAt = this.clock.monotonic();
      this.lastFetchFailed = false;
    } catch (error) {
      this.lastFetchFailed = true;
      this.logger.warn(`No keys from ${this.url.origin}${this.url.pathname}: ${String(error)}`);
    } finally {
      this.isLoading = false;
    }
  }
}

async function fetchKeys(url: URL): Promise<Map<string, KeyObject>> {
  const response = await fetch(url, {
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT),
    headers: { accept: 'application/json', 'user-agent': 'upblit' },
  });
  if (response.status !== 200 || response.body === null) {
    await response.body?.cancel();
    throw new Error(`it answered ${response.status}`);
  }
  const keys = keysIn(JSON.parse(await readBounded(response.body)));
  if (keys.size === 0) throw new Error('there is no P-256 key in it');
  return keys;
}

async function readBounded(body: ReadableStream<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  // Leaving the loop early cancels the rest.
  for await (const chunk of body) {
    length += chunk.length;
    if (length > MAX_BYTES) throw new Error(`it is larger than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** Those that can be used; what is no key makes the others no worse. */
function keysIn(document: unknown): Map<string, KeyObject> {
  const list = (document as { public_keys?: unknown } | null)?.public_keys;
  if (!Array.isArray(list) || list.length > MAX_KEYS) throw new Error('it has not the form of keys');
  return new Map(list.flatMap((entry) => keyOf(entry)));
}

function keyOf(entry: unknown): [string, KeyObject][] {
  const { key_identifier: id, key } = (entry ?? {}) as { key_identifier?: unknown; key?: unknown };
  if (typeof id !== 'string' || typeof key !== 'string') return [];
  try {
    const made = createPublicKey(key);
    return made.asymmetricKeyDetails?.namedCurve === 'prime256v1' ? [[id, made]] : [];
  } catch {
    return [];
  }
}
