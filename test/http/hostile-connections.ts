import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Random } from '../support/random.js';
import { SERVICE_KEY } from '../support/service-key.js';

/** What is sent over one connection, and how the connection ends. */
interface Attack {
  bytes: Buffer;
  ending: Ending;
}

const ENDINGS = [
  // Before the bytes have left, or as soon as they have.
  'reset at once',
  'reset when sent',
  // As soon as there is an answer.
  'reset when answered',
  'closed when answered',
  'half-closed',
  'half-closed and reset',
  'left to the server',
] as const;

type Ending = (typeof ENDINGS)[number];

/** Milliseconds that a client waits for the server to do something: many of these requests are never answered. */
const PATIENCE = 100;

const HEAD = ['Host: localhost', 'Content-Type: application/json', `Authorization: Bearer ${SERVICE_KEY}`];
const VERIFY = request('POST /apikey/verify HTTP/1.1', [...HEAD, 'Content-Length: 13'], '{"key":"any"}');
const LIVE = request('GET /health/live HTTP/1.1', ['Host: localhost']);
const CHUNKED = [...HEAD, 'Transfer-Encoding: chunked'];

/** A handshake of TLS 1.2 with nothing in it that matters (RFC 5246, section 7.4.1.2). */
const TLS_HELLO = Buffer.concat([
  Buffer.from([0x16, 0x03, 0x01, 0x00, 0x2d, 0x01, 0x00, 0x00, 0x29, 0x03, 0x03]),
  Buffer.alloc(32, 7),
  Buffer.from([0x00, 0x00, 0x02, 0x13, 0x01, 0x01, 0x00]),
]);

/** The signature of the PROXY protocol, version 2, and an address. */
const PROXY_2 = Buffer.concat([
  Buffer.from('\r\n\r\n\0\r\nQUIT\n'),
  Buffer.from([0x21, 0x11, 0x00, 0x0c, 127, 0, 0, 1, 127, 0, 0, 1, 0x1f, 0x90, 0x1f, 0x91]),
]);

const PAYLOADS: Buffer[] = [
  request('CONNECT a:1 HTTP/1.1', []),
  request('CONNECT a:1 HTTP/1.1', ['Host: a'], 'bytes for the tunnel'),
  request('GET / HTTP/1.1', ['Host: x', 'Connection: Upgrade', 'Upgrade: websocket']),
  request('GET /health/live HTTP/1.1', [
    'Host: x',
    'Connection: Upgrade, HTTP2-Settings',
    'Upgrade: h2c',
    'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA',
  ]),
  request(
    'POST /apikey/verify HTTP/1.1',
    [...CHUNKED, 'Connection: Upgrade', 'Upgrade: websocket'],
    'zz\r\n',
  ),
  TLS_HELLO,
  Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0', 'latin1'),
  Buffer.concat([Buffer.from('PROXY TCP4 127.0.0.1 127.0.0.1 8080 8081\r\n'), LIVE]),
  Buffer.concat([PROXY_2, LIVE]),
  Buffer.concat(Array.from({ length: 20 }, () => VERIFY)),
  Buffer.concat([...Array.from({ length: 20 }, () => LIVE), request('CONNECT a:1 HTTP/1.1', [])]),
  Buffer.concat([VERIFY, TLS_HELLO]),
  Buffer.concat([LIVE, request('GET / HTTP/1.1', ['Host: x', 'Expect: magic']), LIVE]),
  request('POST /apikey/verify HTTP/1.1', [...HEAD, 'Content-Length: 13', 'Expect: 100-continue']),
  request('POST /apikey/verify HTTP/1.1', CHUNKED, 'xyz\r\n'),
  request('POST /apikey/verify HTTP/1.1', CHUNKED, `1;${'x'.repeat(100_000)}`),
  request('POST /apikey/verify HTTP/1.1', [...HEAD, 'Content-Length: 100000'], 'x'.repeat(100_000)),
  request('GET / HTTP/1.1', ['Host: x', `X-Padding: ${'x'.repeat(20_000)}`]),
  Buffer.alloc(300, '\r\n'),
  Buffer.alloc(0),
];

/**
 * So many attacks: every payload with every ending, and a valid request that is cut at every byte, again and again, in
 * an order that follows from the seed.
 */
export function attacks(count: number, seed: number): Attack[] {
  const cuts = Array.from({ length: VERIFY.length }, (_, length) => VERIFY.subarray(0, length + 1));
  const every = [
    ...PAYLOADS.flatMap((bytes) => ENDINGS.map((ending) => ({ bytes, ending }))),
    ...cuts.flatMap((bytes) =>
      (['reset when sent', 'half-closed'] as const).map((ending) => ({ bytes, ending })),
    ),
  ];
  const random = new Random(seed);
  const shuffled = shuffle(every, random);
  const chosen = Array.from({ length: count }, (_, i) => shuffled[i % shuffled.length]!);
  return shuffle(chosen, random);
}

/** Makes the connections, so many at once. */
export async function launch(port: number, all: readonly Attack[], atOnce: number): Promise<void> {
  let next = 0;
  const attackers = Array.from({ length: atOnce }, async (_, attacker) => {
    for (let attack = all[next++]; attack !== undefined; attack = all[next++]) {
      await strike(port, attack, addressOf(attacker));
    }
  });
  await Promise.all(attackers);
}

/** A loopback address for each attacker where all of 127.0.0.0/8 is here: one would run out of ports. */
function addressOf(attacker: number): string {
  return process.platform === 'linux' ? `127.0.1.${1 + (attacker % 250)}` : '127.0.0.1';
}

async function strike(port: number, { bytes, ending }: Attack, localAddress: string): Promise<void> {
  const socket = connect({ host: '127.0.0.1', port, localAddress, allowHalfOpen: true });
  const closed = new Promise<void>((resolve) =>
    socket.once('close', () => {
      resolve();
    }),
  );
  socket.on('error', () => undefined);
  const connected = once(socket, 'connect').catch(() => undefined);
  await Promise.race([connected, closed]);
  if (ending === 'half-closed' || ending === 'half-closed and reset') socket.end(bytes);
  else socket.write(bytes);
  const patience = setTimeout(() => socket.resetAndDestroy(), PATIENCE);
  END[ending](socket);
  await closed;
  clearTimeout(patience);
}

const END: Record<Ending, (socket: Socket) => void> = {
  'reset at once': (socket) => socket.resetAndDestroy(),
  'reset when sent': (socket) => socket.write('', () => socket.resetAndDestroy()),
  'reset when answered': (socket) => socket.once('data', () => socket.resetAndDestroy()),
  'closed when answered': (socket) => socket.once('data', () => socket.destroy()),
  'half-closed': closeWithServer,
  'half-closed and reset': (socket) => socket.once('finish', () => socket.resetAndDestroy()),
  'left to the server': closeWithServer,
};

function closeWithServer(socket: Socket): void {
  socket.resume().once('end', () => socket.destroy());
}

function request(line: string, headers: string[], body = ''): Buffer {
  return Buffer.from([line, ...headers, '', body].join('\r\n'));
}

/** Fisher and Yates. */
function shuffle<T>(items: readonly T[], random: Random): T[] {
  const shuffled = [...items];
  for (let i = shuffled.length - 1; i > 0; i--) {
    const j = random.integer(0, i);
    [shuffled[i], shuffled[j]] = [shuffled[j]!, shuffled[i]!];
  }
  return shuffled;
}
