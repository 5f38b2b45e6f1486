import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { DomainError, type ErrorCode } from '../../shared/domain-error.js';
import { rawHeaderValues } from '../../shared/http/raw-header-values.js';
import { PROBLEMS, rawProblemHeaders, rawProblemResponse, toProblem } from './problem.js';
import { requestIdOf } from './request-id.js';
import { respondAndClose } from './sockets.js';

/** What Node's HTTP parser calls its refusals. Everything else is malformed HTTP. */
const CODES: Readonly<Record<string, { code: ErrorCode; detail: string }>> = {
  HPE_HEADER_OVERFLOW: { code: 'headers_too_large', detail: 'Send at most 16 KiB of headers.' },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: { code: 'payload_too_large', detail: 'Send no chunk extensions.' },
  ERR_HTTP_REQUEST_TIMEOUT: { code: 'request_timeout', detail: 'Send the whole request without a pause.' },
};

const MALFORMED = { code: 'invalid_request', detail: 'Send well-formed HTTP/1.1.' } as const;

/** Answers, on the bare socket, what never became a request. The parser's error holds the bytes: it is not logged. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const { code, detail } = CODES[error.code ?? ''] ?? MALFORMED;
  refuse(socket, new DomainError(code, detail));
}

/** Takes over the requests that Node would refuse, or drop, by itself. */
export function answerNodeRefusals(server: Server): void {
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    const error = new DomainError('expectation_failed', 'Leave Expect out, or send Expect: 100-continue.');
    const requestId = requestIdOf(request);
    // The answer is written by hand, as the request goes past Fastify.
    const body = JSON.stringify(toProblem(error, requestId));
    const headers = { ...rawProblemHeaders(requestId), 'Content-Length': Buffer.byteLength(body) };
    response.writeHead(PROBLEMS[error.code].status, headers).end(body);
  });
  server.on('connect', (_request: IncomingMessage, socket: Socket) => {
    refuse(socket, new DomainError('invalid_request', 'Do not send CONNECT: this is no proxy.'));
  });
}

function refuse(socket: Socket, error: DomainError): void {
  respondAndClose(socket, rawProblemResponse(error, randomUUID()));
}

/** A host, which may be empty, and a port (RFC 9112, section 3.2; RFC 3986, section 3.2.2). */
const HOST = /^(?:\[[0-9a-f:.]+\]|[a-z0-9\-._~!$&'()*+,;=%]*)(?::\d*)?$/i;

/** What Node's parser lets through of what RFC 9112 calls an error. Throws `invalid_request`. */
export function refuseBadFraming(message: IncomingMessage): void {
  const { httpVersion, headers } = message;
  if (httpVersion !== '1.1' && httpVersion !== '1.0') {
    throw badFraming('Use HTTP/1.1.');
  }
  const coding = headers['transfer-encoding'];
  // Section 6.1: in HTTP/1.0 there is none, and here is none but this one.
  if (coding !== undefined && (httpVersion === '1.0' || coding.trim().toLowerCase() !== 'chunked')) {
    throw badFraming('Send the body chunked in HTTP/1.1, or with its Content-Length.');
  }
  // Section 3.2: HTTP/1.1 wants one, no less and no more.
  const isOld = httpVersion === '1.0' && headers.host === undefined;
  if (!isOld && !hasGoodHost(message)) {
    throw badFraming('Send exactly one Host header, which names a host.');
  }
}

export function hasGoodHost(message: IncomingMessage): boolean {
  const [host, ...more] = rawHeaderValues(message, 'host');
  return host !== undefined && more.length === 0 && HOST.test(host);
}

/** What comes next on such a connection cannot be told from what came before. */
function badFraming(detail: string): DomainError {
  return new DomainError('invalid_request', detail, { headers: { Connection: 'close' } });
}
