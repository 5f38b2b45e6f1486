import { Logger } from '@nestjs/common';
import { createPublicKey, type KeyObject } from 'node:crypto';
import type { Clock } from '../../../shared/clock.js';
import { readBounded } from '../../../shared/read-bounded.js';
import { RemoteCopy } from '../../../shared/remote-copy.js';
import type { GithubKeys } from '../application/github-signatures.js';

/** Milliseconds for the whole answer. */
const TIMEOUT = 5000;
/** GitHub allows 60 readings in an hour. */
const COOLDOWN = 60_000;
const TIMES = {
  maxAge: 60 * 60_000,
  maxAgeUnreachable: 24 * 3600_000,
  cooldown: COOLDOWN,
  firstRetry: COOLDOWN,
};

const MAX_BYTES = 256 * 1024;
const MAX_KEYS = 100;

/** The keys behind a URL: cached, and fetched again, at a bounded rate, when they are old or an id is not there. */
export class RemoteGithubKeys implements GithubKeys {
  private readonly logger = new Logger(RemoteGithubKeys.name);
  private readonly copy: RemoteCopy;
  private keys = new Map<string, KeyObject>();

  constructor(url: URL, clock: Clock) {
    const read = async (): Promise<void> => {
      this.keys = await fetchKeys(url);
    };
    const onFailure = (error: unknown): void => {
      this.logger.warn(`No keys from ${url.origin}${url.pathname}: ${String(error)}`);
    };
    const unavailable = "GitHub's keys cannot be read just now.";
    this.copy = new RemoteCopy({ read, onFailure, unavailable }, TIMES, clock);
  }

  /** Throws `service_unavailable` when the keys cannot be read: the message cannot be called forged. */
  find(id: string): Promise<KeyObject | undefined> {
    return this.copy.find(() => this.keys.get(id));
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
  const keys = keysIn(JSON.parse(await readBounded(response.body, MAX_BYTES)));
  if (keys.size === 0) throw new Error('there is no P-256 key in it');
  return keys;
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
