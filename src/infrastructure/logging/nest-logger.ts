import type { LoggerService } from '@nestjs/common';
import type { FastifyBaseLogger } from 'fastify';
import { isError } from '../is-error.js';

/** What Nest says of every module and route at each start; of interest only when a start goes wrong. */
const CHATTER = new Set([
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestFactory',
  'NestApplication',
]);

/** Nest's word for whatever keeps the service from starting. The process says it itself, in a sentence. */
const START_FAILURE = 'ExceptionHandler';

/** Nest's and our own `Logger` over the same pino that Fastify uses. */
export class NestLogger implements LoggerService {
  constructor(private readonly pino: FastifyBaseLogger) {}

  log(message: unknown, ...rest: unknown[]): void {
    const context = contextOf(rest);
    this.write(context !== undefined && CHATTER.has(context) ? 'debug' : 'info', message, rest);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.write('fatal', message, rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.write(contextOf(rest) === START_FAILURE ? 'debug' : 'error', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.write('warn', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.write('trace', message, rest);
  }

  private write(
    level: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace',
    message: unknown,
    rest: unknown[],
  ): void {
    // Nest appends the context last; before it may stand an error or, from Nest itself, its stack.
    const context = contextOf(rest);
    const err = [message, ...rest].find((part) => isError(part));
    const stack = rest.find((part) => typeof part === 'string' && part.includes('\n    at '));
    if (isFields(message)) {
      const { msg, ...fields } = message;
      this.pino[level]({ context, ...fields }, msg);
      return;
    }
    const text = isError(message) ? message.message : String(message);
    this.pino[level]({ context, err, stack }, text);
  }
}

/** A message of ours with fields of its own. */
function isFields(message: unknown): message is { msg: string } & Record<string, unknown> {
  return typeof message === 'object' && message !== null && 'msg' in message && !isError(message);
}

function contextOf(rest: unknown[]): string | undefined {
  const last = rest.at(-1);
  return typeof last === 'string' && !last.includes('\n') ? last : undefined;
}
