import type { IncomingMessage } from 'node:http';

/** What the fast path has found out about a request before it left it to the slow path. */
interface ReadAhead {
  body: Buffer;
  failure: Error | undefined;
}

const READ_AHEAD = Symbol('read ahead');

type Message = IncomingMessage & { [READ_AHEAD]?: ReadAhead };

export function keep(message: Message, readAhead: ReadAhead): void {
  message[READ_AHEAD] = readAhead;
}

/** The whole body, when it has been read already. */
export function bodyReadAhead(message: Message): Buffer | undefined {
  return message[READ_AHEAD]?.body;
}

/** What the attempt to answer has ended with. */
export function failureReadAhead(message: Message): Error | undefined {
  return message[READ_AHEAD]?.failure;
}
