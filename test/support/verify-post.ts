import { SERVICE_KEY } from './service-key.js';
import { sendRaw, type RawAnswer } from './raw-socket.js';

export interface VerifyPost {
  body: string | Buffer;
  /** A chunked body takes the slow path, and says the same to everybody. */
  path?: 'fast' | 'slow';
  headers?: string[];
  /** Sends no service key. */
  isAnonymous?: boolean;
  connection?: string;
}

function headOf({ body, path, headers = [], connection = 'close', isAnonymous = false }: VerifyPost): string {
  return [
    'POST /apikey/verify HTTP/1.1',
    'Host: localhost',
    `Connection: ${connection}`,
    'Content-Type: application/json',
    ...(isAnonymous ? [] : [`Authorization: Bearer ${SERVICE_KEY}`]),
    path === 'slow' ? 'Transfer-Encoding: chunked' : `Content-Length: ${Buffer.byteLength(body)}`,
    ...headers,
    '',
    '',
  ].join('\r\n');
}

function bodyOf({ body, path }: VerifyPost): Buffer {
  const bytes = Buffer.from(body);
  if (path !== 'slow') return bytes;
  const end = Buffer.from('0\r\n\r\n');
  if (bytes.length === 0) return end;
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n'), end]);
}

/** Asks over a connection of its own. */
export function postVerify(port: number, what: VerifyPost): Promise<RawAnswer> {
  return sendRaw(port, Buffer.concat([Buffer.from(headOf(what)), bodyOf(what)]));
}

export function requestText(what: VerifyPost): string {
  return headOf(what) + what.body.toString();
}

/** Without what differs from answer to answer, and what is for pages of other origins. */
export function comparable({ status, headers, body }: RawAnswer): object {
  const {
    date: _date,
    'x-request-id': _id,
    vary: _vary,
    'access-control-expose-headers': _exposed,
    ...rest
  } = headers;
  return { status, headers: rest, body: body.replace(/"requestId":"[^"]+"/, '') };
}
