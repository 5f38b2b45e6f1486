import type { IncomingMessage } from 'node:http';

/** What a shortcut has found out about a request before it sent it the long way. */
interface ReadAhead {
  body: Buffer;
  failure?: Error;
}

const READ_AHEAD = Symbol('read ahead');

type Message = IncomingMessage & { [READ_AHEAD]?: ReadAhead };

export function keepBody(message: Message, body: Buffer): void {
  message[READ_AHEAD] = { body };
}

/** To be called after `keepBody`. */
export function keepFailure(message: Message, failure: Error): void {
  if (message[READ_AHEAD] !== undefined) message[READ_AHEAD].failure = failure;
}

/** The whole body, when it has been read already. */
export function bodyReadAhead(message: Message): Buffer | undefined {
  return message[READ_AHEAD]?.body;
}

/** What the attempt to answer has ended with. */
export function failureReadAhead(message: Message): Error | undefined {
  return message[READ_AHEAD]?.failure;
}
