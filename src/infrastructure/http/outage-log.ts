import type { Server } from 'node:http';
import type { FastifyBaseLogger } from 'fastify';
import { DomainError } from '../../shared/domain-error.js';
import { fromDatabaseError } from '../database/postgres-errors.js';
import { describeError, type ErrorDescription } from '../logging/describe-error.js';

/** Milliseconds between two lines of an outage. */
const EVERY_MS = 1000;
/** An outage has ended when nothing was answered 503 for so many of them. */
const QUIET = 3;

/**
 * Writes of an outage one line when it begins, a count a second, and one line when it ends, instead of a line for every
 * request: that would be an outage of the log.
 */
export class OutageLog {
  private timer: NodeJS.Timeout | undefined;
  private beganAt = 0;
  private total = 0;
  private sinceLastLine = 0;
  private quiet = 0;

  constructor(private readonly log: FastifyBaseLogger) {}

  /** A request is answered 503 because of this. */
  note(cause: unknown): void {
    this.total += 1;
    this.sinceLastLine += 1;
    if (this.timer !== undefined) return;
    this.beganAt = performance.now();
    this.total = 1;
    this.sinceLastLine = 0;
    this.quiet = 0;
    this.log.warn({ cause: describeCause(cause) }, 'an outage has begun: what cannot be answered gets 503');
    this.timer = setInterval(() => {
      this.tell();
    }, EVERY_MS).unref();
  }

  /** Writes the end of a running outage when the process stops. */
  close(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private tell(): void {
    if (this.sinceLastLine > 0) {
      this.log.warn({ answered503: this.sinceLastLine }, 'the outage goes on');
      this.sinceLastLine = 0;
      this.quiet = 0;
      return;
    }
    this.quiet += 1;
    if (this.quiet < QUIET) return;
    this.close();
    const seconds = Math.round((performance.now() - this.beganAt) / 1000) - QUIET;
    this.log.warn({ answered503: this.total, seconds: Math.max(0, seconds) }, 'the outage has ended');
  }
}

/** By the server: whatever answers an error has a request of it. */
const logs = new WeakMap<Server, OutageLog>();

export function keepOutageLog(server: Server, log: OutageLog): void {
  logs.set(server, log);
}

export function outageLogOf(server: Server): OutageLog | undefined {
  return logs.get(server);
}

/** Where in our code a database that is away was missed says nothing: a stack is for what is a fault of ours. */
function describeCause(cause: unknown): Partial<ErrorDescription> {
  const { stack, ...description } = describeError(cause);
  const isOurs = !(cause instanceof DomainError) && fromDatabaseError(cause) === undefined;
  return { ...description, ...(isOurs && stack !== undefined && { stack }) };
}
