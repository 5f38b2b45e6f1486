import { lookup as lookUpBySystem, Resolver, type LookupAddress } from 'node:dns';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import type { Attempt } from '../application/ports.js';
import { WebhookTransport } from '../application/ports.js';
import type { DeliveryFailure } from '../domain/delivery.js';
import { isPublicAddress } from './public-addresses.js';

/** Milliseconds from the look-up of the name to the end of the answer. */
const TIMEOUT_MS = 10_000;
/** Bytes of an answer that are read before the connection is closed. Nothing of them is kept. */
const MAX_ANSWER = 16_384;
/** Of its headers. */
const MAX_HEADERS = 16_384;

/** Looks up every address of a name. */
export type ResolveName = (
  name: string,
  done: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/** The name leads to an address that nothing is sent to. */
class AddressRefused extends Error {}

/** There was no whole answer in time. */
class TimedOut extends Error {}

interface TransportOptions {
  /** Whether receivers may have any address. */
  readonly allowsPrivate: boolean;
  readonly timeoutMs?: number;
  readonly resolve?: ResolveName;
}

/**
 * Posts over HTTP/1.1, each time on a connection of its own. The address that is connected to is the one that is judged:
 * the look-up of the connection itself refuses what is not public, so a name that leads elsewhere the next time gains
 * nothing. Redirects are not followed.
 */
export class HttpsTransport extends WebhookTransport {
  private readonly allowsPrivate: boolean;
  private readonly timeoutMs: number;
  private readonly resolve: ResolveName;

  constructor({ allowsPrivate, timeoutMs = TIMEOUT_MS, resolve }: TransportOptions) {
    super();
    this.allowsPrivate = allowsPrivate;
    this.timeoutMs = timeoutMs;
    this.resolve = resolve ?? (allowsPrivate ? resolveBySystem : resolveByNameServer);
  }

  async post(url: string, headers: Readonly<Record<string, string>>, body: string): Promise<Attempt> {
    const began = performance.now();
    const ended = (): number => Math.round(performance.now() - began);
    try {
      const { status, retryAfter } = await this.exchange(new URL(url), headers, body);
      return { status, failure: failureOf(status), retryAfter, durationMs: ended() };
    } catch (error) {
      return { status: null, failure: reasonOf(error), retryAfter: null, durationMs: ended() };
    }
  }

  private exchange(
    url: URL,
    headers: Readonly<Record<string, string>>,
    body: string,
  ): Promise<{ status: number; retryAfter: number | null }> {
    // A name that is an address is looked up by nobody. URLs write it in its normal form: 0x7f.1 is 127.0.0.1 by now.
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
    if (isIP(host) !== 0 && !this.mayReach(host)) return Promise.reject(new AddressRefused());
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    return new Promise((resolve, reject) => {
      const request = send(url, {
        method: 'POST',
        headers: { ...headers, 'content-length': Buffer.byteLength(body) },
        agent: false,
        lookup: this.lookup,
        maxHeaderSize: MAX_HEADERS,
      });
      const timer = setTimeout(() => {
        request.destroy(new TimedOut());
        // Of one that is destroyed already nothing more is heard.
        setImmediate(() => {
          reject(new TimedOut());
        });
      }, this.timeoutMs);
      const settle = (conclude: () => void): void => {
        clearTimeout(timer);
        conclude();
      };
      request.on('error', (error) => {
        settle(() => {
          reject(error);
        });
      });
      // Without a listener Node closes the connection, and tells nobody.
      request.on('upgrade', ({ statusCode = 0 }, socket) => {
        socket.destroy();
        settle(() => {
          resolve({ status: statusCode, retryAfter: null });
        });
      });
      request.on('response', (response) => {
        // The status is all that counts: what comes after it is read a little, so that a well-behaved receiver does not
        // see its answer cut off.
        const { statusCode = 0, headers: answered } = response;
        drain(response, () => {
          settle(() => {
            request.destroy();
            resolve({ status: statusCode, retryAfter: readRetryAfter(answered['retry-after']) });
          });
        });
      });
      request.end(body);
    });
  }

  /** Node connects to what this returns, and to nothing else. */
  private readonly lookup: LookupFunction = (name, options, done) => {
    this.resolve(name, (error, addresses) => {
      if (error !== null) {
        done(error, '', 0);
        return;
      }
      const [first] = addresses;
      // Of several none may be refused: whoever answers so wants to be connected to the wrong one some time.
      if (first === undefined || !addresses.every(({ address }) => this.mayReach(address))) {
        done(new AddressRefused(), '', 0);
        return;
      }
      if (options.all === true) done(null, addresses);
      else done(null, first.address, first.family);
    });
  };

  private mayReach(address: string): boolean {
    return this.allowsPrivate || isPublicAddress(address);
  }
}

/** As the machine does, with names that it alone knows. */
const resolveBySystem: ResolveName = (name, done) => {
  lookUpBySystem(name, { all: true, verbatim: true }, (error, addresses) => {
    done(error, error === null ? addresses : []);
  });
};

/**
 * Not as the machine does: that takes one of four threads, which hash passwords, too, and a name whose server does not
 * answer would hold it for many seconds.
 */
const resolveByNameServer: ResolveName = (name, done) => {
  const resolver = new Resolver({ timeout: 2000, tries: 2 });
  const found: LookupAddress[] = [];
  let failure: NodeJS.ErrnoException | null = null;
  let open = 2;
  const note =
    (family: 4 | 6) =>
    (error: NodeJS.ErrnoException | null, addresses: string[]): void => {
      if (error === null) found.push(...addresses.map((address) => ({ address, family })));
      else failure = error;
      open -= 1;
      if (open === 0) done(found.length === 0 ? failure : null, found);
    };
  resolver.resolve4(name, note(4));
  resolver.resolve6(name, note(6));
};

/** Calls `done` at the end of an answer, or when it has become too long. */
function drain(response: IncomingMessage, done: () => void): void {
  let bytes = 0;
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER) done();
  });
  // The rest may break off: the answer was given.
  response.on('end', done);
  response.on('error', done);
}

function failureOf(status: number): DeliveryFailure | null {
  if (status >= 200 && status < 300) return null;
  if (status === 410) return 'gone';
  return status >= 300 && status < 400 ? 'redirect' : 'status';
}

/** Of the system's look-up, and of name servers. */
const NO_NAME = new Set([
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENODATA',
  'ESERVFAIL',
  'ETIMEOUT',
  'EREFUSED',
  'EBADNAME',
]);

function reasonOf(error: unknown): DeliveryFailure {
  if (error instanceof AddressRefused) return 'address_refused';
  if (error instanceof TimedOut) return 'timeout';
  const { code = '' } = error as NodeJS.ErrnoException;
  if (NO_NAME.has(code)) return 'name_not_found';
  return /CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)/.test(code) ? 'certificate_refused' : 'connection_failed';
}

/** In seconds; a date is not read (RFC 9110, section 10.2.3): few send one. */
function readRetryAfter(value: string | undefined): number | null {
  return value !== undefined && /^\d{1,6}$/.test(value) ? Number(value) : null;
}
