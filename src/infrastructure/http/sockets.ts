import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Milliseconds in which a client can read the last answer of a connection before the connection is ended. */
const LINGER = 1000;

/** What Node keeps at a socket: the response that may be written to it now. */
type HttpSocket = Socket & { _httpMessage?: ServerResponse | null };

/** The sockets whose last response has been decided on. */
const ending = new WeakSet<Socket>();

/**
 * Sees to it that an error of a client's connection never ends the process: an emitter without a listener for `error`
 * throws. Node listens as long as it parses HTTP, and takes its listener off where it hands the socket over (`connect`,
 * `upgrade`). This one stays on every socket, whoever has it. To be called before the server listens.
 */
export function surviveSocketErrors(server: Server): void {
  server.on('connection', (socket: Socket) => {
    // A socket with an error is destroyed, and there is nobody to tell.
    socket.on('error', () => undefined);
  });
}

/**
 * Ends a connection with a last answer, once the requests before it have been answered. It does not matter how often
 * this is called: the parser complains again about each piece that follows a malformed one.
 */
export function respondAndClose(socket: HttpSocket, answer: string): void {
  if (ending.has(socket)) return;
  ending.add(socket);
  answerInTurn(socket, answer);
}

function answerInTurn(socket: HttpSocket, answer: string): void {
  const { _httpMessage: current } = socket;
  if (current?.req.complete === true) {
    current.once('close', () => {
      answerInTurn(socket, answer);
    });
    return;
  }
  // One answer must not be written into another one.
  if (current?.headersSent === true || !socket.writable) {
    socket.destroy();
    return;
  }
  socket.end(answer);
  // What still comes is read and thrown away: a reset would take the answer from the client (RFC 9112, section 9.6).
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), LINGER);
  socket.once('close', () => {
    clearTimeout(timer);
  });
}
