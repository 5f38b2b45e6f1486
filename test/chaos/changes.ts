import type { Random } from '../support/random.js';
import { codeOf, describe, outcomeOf, UnexpectedAnswer, type Call, type Clients } from './clients.js';
import { KeyHistory } from './history/key-history.js';
import type { Register } from './history/register.js';
import type { NodeProcess, Question } from './node-process.js';

/** Before a change that was not acknowledged is tried again. */
const RETRY_MS = 50;

/** What is written down of an attempt, when it is sent and when it has ended. */
interface Attempt {
  done(call: Call): void;
  /** It has changed nothing. */
  refused(call: Call): void;
}

interface Change extends Question {
  method: string;
  path: string;
  /** Statuses that acknowledge it. */
  done: readonly number[];
  /** Refusals after which it is tried again: the change has not been made by this attempt. */
  again?: readonly string[];
  /** Refusals that end it. */
  enough?: readonly string[];
  /** What is answered when an earlier attempt, which was not acknowledged, has done it. */
  doneBefore?: string;
  /** For which it is told. */
  keys: readonly KeyHistory[];
  begin: (began: number) => Attempt;
}

/**
 * Makes a change until it is acknowledged, each time on a node that `by` picks; one that was not may have happened, or
 * may happen later. Returns the acknowledgement, or undefined when the change has become impossible.
 */
export async function untilDone(
  clients: Clients,
  by: () => NodeProcess,
  change: Change,
): Promise<Call | undefined> {
  const { method, path, done, again = [], enough = [], doneBefore, keys, begin, ...question } = change;
  let isInDoubt = false;
  for (;;) {
    let attempt: Attempt | undefined;
    const call = await clients.ask(by(), method, path, question, (began) => {
      attempt = begin(began);
    });
    for (const key of keys)
      key.tell(`${method} ${path} ${JSON.stringify(question.body ?? {})}, ${describe(call)}`);
    const outcome = outcomeOf(call, done);
    const code = codeOf(call) ?? '';
    if (outcome === 'done' || (isInDoubt && code === doneBefore)) {
      attempt?.done(call);
      return call;
    }
    if (outcome === 'unknown') isInDoubt = true;
    if (outcome === 'refused') {
      attempt?.refused(call);
      if (enough.includes(code)) return undefined;
      if (!again.includes(code) && code !== 'idempotency_in_progress')
        throw new UnexpectedAnswer(`${call.node.name} refused ${method} ${path}`, [
          describe(call),
          ...keys.flatMap(({ story }) => story),
        ]);
    }
    await clients.pause(RETRY_MS);
  }
}

/** An attempt that writes one value to each of these. */
export function writing<T>(registers: readonly Register<T>[], value: T): (began: number) => Attempt {
  return (began) => {
    const writes = registers.map((register) => ({ register, write: register.begin(value, began) }));
    return {
      done: ({ ended }) => {
        for (const { write } of writes) write.ended = ended;
      },
      refused: () => {
        for (const { register, write } of writes) register.undo(write);
      },
    };
  };
}

/** An attempt that nobody can look at before it is acknowledged. */
export const unseen = (): Attempt => ({ done: () => undefined, refused: () => undefined });

/** A new key of the application, that anybody may verify. */
export async function issue(
  clients: Clients,
  random: Random,
  application: string,
  body: { scopes?: readonly string[]; name?: string } = {},
): Promise<KeyHistory> {
  const call = await untilDone(clients, () => random.pick(clients.nodes), {
    method: 'POST',
    path: `/apikey?ApplicationId=${application}`,
    body,
    done: [200],
    keys: [],
    begin: unseen,
  });
  const key = new KeyHistory(idIn(call!), application, call!.body as string, body.scopes ?? [], true);
  key.tell(`POST /apikey ${JSON.stringify(body)}, ${describe(call!)}`);
  clients.keys.push(key);
  return key;
}

/** For good; a repeated call promises the same as the first. */
export async function revoke(clients: Clients, by: () => NodeProcess, key: KeyHistory): Promise<void> {
  await untilDone(clients, by, {
    method: 'DELETE',
    path: `/apikey/${key.id}`,
    done: [204],
    keys: [key],
    begin: writing([key.revoked], true),
  });
}

export function idIn(call: Call): string {
  return (call.headers.location as string).slice('/apikey/'.length);
}
