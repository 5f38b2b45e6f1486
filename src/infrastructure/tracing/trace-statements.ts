import { AsyncResource } from 'node:async_hooks';
import type { PoolClient } from 'pg';
import type { ConnectionPool } from '../database/connection-pool.js';
import type { Tracer } from './tracer.js';

/** The first words of statements. What is in none of these is called `statement`. */
const OPERATIONS = new Set([
  'SELECT',
  'INSERT',
  'UPDATE',
  'DELETE',
  'WITH',
  'START',
  'BEGIN',
  'COMMIT',
  'ROLLBACK',
  'SET',
  'SAVEPOINT',
  'RELEASE',
]);

type Send = (...call: unknown[]) => unknown;
type Done = (error: unknown, ...rest: unknown[]) => void;

/** Gives each statement on these connections a span within who has asked for it. It has a name, and no parameters. */
export function traceStatements(pool: ConnectionPool, tracer: Tracer): void {
  const traced = new WeakSet<PoolClient>();
  pool.on('acquire', (client) => {
    if (traced.has(client)) return;
    traced.add(client);
    const send = client.query.bind(client) as Send;
    client.query = ((...call: unknown[]) => {
      const name = nameOf(call[0]);
      const span = tracer.begin(
        name,
        { 'db.system.name': 'postgresql', 'db.operation.name': name },
        { onlyWithin: true },
      );
      if (span === undefined) return send(...call);
      const last = call.length - 1;
      const done = call[last];
      if (typeof done === 'function') {
        call[last] = (error: unknown, ...rest: unknown[]) => {
          span.end(error ?? undefined);
          (done as Done)(error, ...rest);
        };
        return send(...call);
      }
      const answer = send(...call);
      if (!(answer instanceof Promise)) {
        span.end();
        return answer;
      }
      return answer.then(
        (result: unknown) => {
          span.end();
          return result;
        },
        (error: unknown) => {
          span.end(error);
          throw error;
        },
      );
    }) as typeof client.query;
  });
  // Whoever gets a connection is called by who gives it back, and goes on in their own context all the same.
  const lend = pool.connect.bind(pool) as Send;
  pool.connect = ((receive?: Send) =>
    receive === undefined ? lend() : lend(AsyncResource.bind(receive))) as typeof pool.connect;
}

/** The name of a prepared statement, or the first word of another. */
function nameOf(statement: unknown): string {
  const { name, text } =
    typeof statement === 'string'
      ? { text: statement }
      : ((statement ?? {}) as { name?: unknown; text?: unknown });
  if (typeof name === 'string' && name !== '') return name;
  const operation = typeof text === 'string' ? /^\s*(\w{1,16})/.exec(text)?.[1]?.toUpperCase() : undefined;
  return operation !== undefined && OPERATIONS.has(operation) ? operation : 'statement';
}
