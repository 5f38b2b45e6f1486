import { connect } from 'node:net';
import { percentile } from './stats.mjs';

/**
 * One kept-alive connection. Its next request leaves when the answer to the last one has arrived whole, so nothing is
 * ever pipelined; in a closed loop at once, in an open one when it is due. Raw sockets, because on a small machine a client library
 * would take more of the processor than the server it is to measure.
 */
export class Connection {
  /** @param {Run | import('./open-loop.mjs').OpenRun} run */
  constructor(run) {
    this.run = run;
    this.rest = undefined;
    this.sentAt = 0;
    this.waiting = false;
    this.open();
  }

  open() {
    this.rest = undefined;
    this.waiting = false;
    this.socket = connect({ host: '127.0.0.1', port: this.run.port, noDelay: true });
    this.socket.on('connect', () => this.send());
    this.socket.on('data', (chunk) => this.receive(chunk));
    this.socket.on('error', () => undefined);
    this.socket.on('close', () => this.closed());
  }

  send() {
    const request = this.run.next();
    if (request === undefined) {
      if (this.run.finished()) this.socket.end();
      else this.run.rest(this);
      return;
    }
    this.waiting = true;
    this.sentAt = this.run.beginsAt();
    this.socket.write(request);
  }

  /** @param {Buffer} chunk */
  receive(chunk) {
    const data = this.rest === undefined ? chunk : Buffer.concat([this.rest, chunk]);
    const headEnd = data.indexOf('\r\n\r\n');
    if (headEnd === -1) {
      this.rest = data;
      return;
    }
    const head = data.latin1Slice(0, headEnd);
    const bodyStart = headEnd + 4;
    if (data.length < bodyStart + contentLength(head)) {
      this.rest = data;
      return;
    }
    this.rest = undefined;
    this.waiting = false;
    const answer = { status: Number(head.slice(9, 12)), head, data, bodyStart };
    this.run.answered(answer, performance.now() - this.sentAt);
    this.send();
  }

  /** A connection that the server drops in the middle of a request is a failed request. */
  closed() {
    if (this.waiting) this.run.failed('connection closed before the answer');
    if (this.run.finished()) this.run.connectionDone();
    else this.open();
  }
}

/** @param {string} head */
function contentLength(head) {
  const found = /\r\ncontent-length: (\d+)/i.exec(head);
  if (found !== null) return Number(found[1]);
  if (/^HTTP\/1\.1 (1\d\d|204|304)/.test(head)) return 0;
  throw new Error('The load generator reads only answers with a Content-Length.');
}

/**
 * @typedef {object} Answer
 * @property {number} status
 * @property {string} head
 * @property {Buffer} data the whole answer, head included
 * @property {number} bodyStart
 */

/**
 * @typedef {object} LoadOptions
 * @property {number} port on 127.0.0.1
 * @property {(Buffer | string)[]} requests whole HTTP/1.1 requests, sent in turn by all connections
 * @property {number} [connections]
 * @property {number} [durationMs] sends for so long, going round the requests
 * @property {number} [startAt] index of the first request: the rounds go on where the last one ended
 * @property {(answer: Answer) => boolean} accept says whether an answer is the expected one
 * @property {(answer: Answer) => void} [onAnswer]
 */

class Run {
  /** @param {LoadOptions} options @param {(result: LoadResult) => void} resolve */
  constructor(options, resolve) {
    this.port = options.port;
    this.options = options;
    this.resolve = resolve;
    this.position = options.startAt ?? 0;
    this.remaining = options.durationMs === undefined ? options.requests.length : Infinity;
    this.latencies = [];
    this.failures = 0;
    this.firstFailure = undefined;
    this.startedAt = performance.now();
    this.deadline = options.durationMs === undefined ? Infinity : this.startedAt + options.durationMs;
    this.cpuAtStart = process.cpuUsage();
    this.open = options.connections ?? 64;
    for (let index = 0; index < this.open; index += 1) new Connection(this);
  }

  next() {
    if (this.finished()) return undefined;
    this.remaining -= 1;
    const request = this.options.requests[this.position % this.options.requests.length];
    this.position += 1;
    return request;
  }

  beginsAt() {
    return performance.now();
  }

  /** In a closed loop every connection has something to send until the end. */
  rest() {
    throw new Error('A closed loop has nothing to send before its end.');
  }

  finished() {
    return this.remaining <= 0 || this.failures > 1000 || performance.now() >= this.deadline;
  }

  /** @param {Answer} answer @param {number} latencyMs */
  answered(answer, latencyMs) {
    if (this.options.accept(answer)) this.latencies.push(latencyMs);
    else this.failed(answer.data.toString('utf8').slice(0, 600));
    this.options.onAnswer?.(answer);
  }

  /** @param {string} what */
  failed(what) {
    this.failures += 1;
    this.firstFailure ??= what;
  }

  connectionDone() {
    this.open -= 1;
    if (this.open > 0) return;
    const seconds = (performance.now() - this.startedAt) / 1000;
    const cpu = process.cpuUsage(this.cpuAtStart);
    const sorted = Float64Array.from(this.latencies).sort();
    this.resolve({
      requests: sorted.length,
      failures: this.failures,
      firstFailure: this.firstFailure,
      seconds,
      perSecond: sorted.length / seconds,
      p50: percentile(sorted, 0.5),
      p99: percentile(sorted, 0.99),
      generatorCores: (cpu.user + cpu.system) / 1e6 / seconds,
      endedAt: this.position % this.options.requests.length,
    });
  }
}

/**
 * @typedef {object} LoadResult
 * @property {number} requests answered as expected
 * @property {number} failures anything else, dropped connections included
 * @property {string | undefined} firstFailure
 * @property {number} seconds
 * @property {number} perSecond
 * @property {number} p50 milliseconds
 * @property {number} p99 milliseconds
 * @property {number} generatorCores how much of a core the generator took: near 1, it and not the server was measured
 * @property {number} endedAt index of the next request
 */

/**
 * Sends the requests over kept-alive connections, each waiting for its answer: for `durationMs`, or without
 * it each request once.
 *
 * @param {LoadOptions} options
 * @returns {Promise<LoadResult>}
 */
export function runLoad(options) {
  return new Promise((resolve) => new Run(options, resolve));
}

/**
 * A whole POST as the generator sends it.
 *
 * @param {string} path
 * @param {unknown} body as JSON; undefined for a request without a body
 * @param {Record<string, string>} [headers]
 */
export function post(path, body, headers = {}) {
  const payload = body === undefined ? '' : JSON.stringify(body);
  const lines = [
    ...[`POST ${path} HTTP/1.1`, 'Host: 127.0.0.1', `Content-Length: ${Buffer.byteLength(payload)}`],
    ...(body === undefined ? [] : ['Content-Type: application/json']),
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${payload}`);
}

/** The answer is 200 and says the key is valid. @param {Answer} answer */
export function saysValid(answer) {
  return answer.status === 200 && answer.data.indexOf('"valid":true', answer.bodyStart) !== -1;
}
