import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { DomainError, type ErrorCode } from '../../shared/domain-error.js';
import { rawHeaderValues } from '../../shared/http/raw-header-values.js';
import { rawProblemResponse } from './problem.js';
import { requestIdOf } from './request-id.js';

/** What Node's HTTP parser calls its refusals. Everything else is malformed HTTP. */
const CODES: Readonly<Record<string, { code: ErrorCode; detail: string }>> = {
  HPE_HEADER_OVERFLOW: { code: 'headers_too_large', detail: 'Send at most 16 KiB of headers.' },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: { code: 'payload_too_large', detail: 'Send no chunk extensions.' },
  ERR_HTTP_REQUEST_TIMEOUT: { code: 'request_timeout', detail: 'Send the whole request without a pause.' },
};

const MALFORMED = { code: 'invalid_request', detail: 'Send well-formed HTTP/1.1.' } as const;

/** Answers, on the bare socket, what never became a request. The parser's error holds the bytes: it is not logged. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  // An answer that is on its way must not have another one written into it.
  const { _httpMessage: current } = socket as Socket & { _httpMessage?: ServerResponse | null };
  if (current?.headersSent === true) {
    socket.destroy();
    return;
  }
  const { code, detail } = CODES[error.code ?? ''] ?? MALFORMED;
  sendRaw(socket, new DomainError(code, detail));
}

/** Takes over the requests that Node would refuse, or drop, by itself. */
export function answerNodeRefusals(server: Server): void {
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    const error = new DomainError('expectation_failed', 'Leave Expect out, or send Expect: 100-continue.');
    response.shouldKeepAlive = false;
    // The answer is written by hand, as the request goes past Fastify.
    response.socket?.end(rawProblemResponse(error, requestIdOf(request)));
    response.destroy();
  });
  server.on('connect', (_request: IncomingMessage, socket: Socket) => {
    sendRaw(socket, new DomainError('invalid_request', 'Do not send CONNECT: this is no proxy.'));
  });
}

function sendRaw(socket: Socket, error: DomainError): void {
  socket.end(rawProblemResponse(error, randomUUID()), () => socket.destroy());
}

/** HTTP/1.1 wants one Host, no less and no more (RFC 9112, section 3.2). Throws `invalid_request`. */
export function refuseBadHost(message: IncomingMessage): void {
  const isOld = message.httpVersionMajor === 1 && message.httpVersionMinor === 0;
  const hosts = rawHeaderValues(message, 'host').length;
  if (hosts > 1 || (hosts === 0 && !isOld)) {
    throw new DomainError('invalid_request', 'Send exactly one Host header.');
  }
}

export function hasOneHost(message: IncomingMessage): boolean {
  return rawHeaderValues(message, 'host').length === 1;
}
