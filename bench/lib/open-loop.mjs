import { Connection } from './load.mjs';
import { percentile } from './stats.mjs';

/**
 * A load at a fixed rate: each request is due at its own time, whether or not those before it have been answered, and
 * its latency is counted from then. A request that finds no idle connection waits for one, and that counts, too.
 */
class OpenRun {
  /** @param {OpenLoopOptions} options @param {(result: OpenLoopResult) => void} resolve */
  constructor(options, resolve) {
    this.options = options;
    this.port = options.port;
    this.resolve = resolve;
    this.total = Math.floor((options.rate * options.durationMs) / 1000);
    this.sent = 0;
    this.dueAt = 0;
    this.idle = [];
    this.latencies = new Float64Array(this.total);
    this.lateness = new Float64Array(this.total);
    this.answers = 0;
    this.failures = 0;
    this.firstFailure = undefined;
    this.open = options.connections;
    this.startedAt = Infinity;
    for (let index = 0; index < this.open; index += 1) new Connection(this);
  }

  /** The next request, if it is due. */
  next() {
    const now = performance.now();
    const dueAt = this.startedAt + (this.sent * 1000) / this.options.rate;
    if (this.finished() || dueAt > now) return undefined;
    this.dueAt = dueAt;
    this.lateness[this.sent] = now - dueAt;
    const request = this.options.requests[this.sent % this.options.requests.length];
    this.sent += 1;
    return request;
  }

  /** When the latency of the request that was just handed out begins. */
  beginsAt() {
    return this.dueAt;
  }

  finished() {
    return this.sent >= this.total || this.failures > 1000;
  }

  /** A connection has nothing to send; the first requests are due when all are open. @param {Connection} connection */
  rest(connection) {
    this.idle.push(connection);
    if (this.startedAt !== Infinity || this.idle.length < this.open) return;
    this.startedAt = performance.now();
    this.tick();
  }

  /** Timers are a millisecond apart at best, which is as long as what is measured: so it looks all the time. */
  tick() {
    const now = performance.now();
    while (this.idle.length > 0 && this.startedAt + (this.sent * 1000) / this.options.rate <= now) {
      if (this.finished()) break;
      this.idle.pop().send();
    }
    if (!this.finished()) setImmediate(() => this.tick());
    else for (const connection of this.idle.splice(0)) connection.send();
  }

  answered(answer, latencyMs) {
    if (!this.options.accept(answer)) return this.failed(answer.data.toString('utf8').slice(0, 600));
    this.latencies[this.answers] = latencyMs;
    this.answers += 1;
  }

  failed(what) {
    this.failures += 1;
    this.firstFailure ??= what;
  }

  connectionDone() {
    this.open -= 1;
    if (this.open > 0) return;
    const sorted = this.latencies.subarray(0, this.answers).sort();
    const late = this.lateness.subarray(0, this.sent).sort();
    this.resolve({
      failures: this.failures,
      firstFailure: this.firstFailure,
      perSecond: (this.answers * 1000) / (performance.now() - this.startedAt),
      p50: percentile(sorted, 0.5),
      p99: percentile(sorted, 0.99),
      p999: percentile(sorted, 0.999),
      longest: percentile(sorted, 1),
      late: percentile(late, 0.99),
    });
  }
}

/**
 * @typedef {object} OpenLoopOptions
 * @property {number} port on 127.0.0.1
 * @property {Buffer[]} requests sent in turn
 * @property {number} connections
 * @property {number} rate requests a second
 * @property {number} durationMs
 * @property {(answer: import('./load.mjs').Answer) => boolean} accept
 *
 * @typedef {object} OpenLoopResult
 * @property {number} failures
 * @property {string | undefined} firstFailure
 * @property {number} perSecond
 * @property {number} p50 milliseconds, as the others
 * @property {number} p99
 * @property {number} p999
 * @property {number} longest
 * @property {number} late how long after it was due a request was sent, at the 99th percentile
 */

/** @param {OpenLoopOptions} options @returns {Promise<OpenLoopResult>} */
export function runOpenLoop(options) {
  return new Promise((resolve) => new OpenRun(options, resolve));
}
