import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { HttpsTransport, type ResolveName } from './https-transport.js';

const servers: Server[] = [];

async function serve(listener: RequestListener): Promise<number> {
  const server = createServer(listener);
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

const anywhere = new HttpsTransport({ allowsPrivate: true });

describe('a receiver', () => {
  const hanging: [string, RequestListener][] = [
    ['before its answer', () => undefined],
    ['in its headers', (_, { socket }) => socket?.write('HTTP/1.1 200 OK\r\nx-one: 1\r\n')],
    ['in its answer', (_, response) => response.writeHead(200).write('a beginning')],
    [
      'in its answer, a byte at a time',
      (_, response) => {
        response.writeHead(200);
        const again = setInterval(() => response.write('.'), 5);
        response.on('close', () => {
          clearInterval(again);
        });
      },
    ],
  ];

  it.each(hanging)('that hangs %s is given up when the time is over', async (_, listener) => {
    const port = await serve(listener);
    const transport = new HttpsTransport({ allowsPrivate: true, timeoutMs: 50 });
    expect(await transport.post(`http://127.0.0.1:${port}/`, {}, '{}')).toMatchObject({
      status: null,
      failure: 'timeout',
    });
  });

  it('that hangs before it speaks TLS is given up when the time is over', async () => {
    const server = createTcpServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const transport = new HttpsTransport({ allowsPrivate: true, timeoutMs: 50 });
    const attempt = await transport.post(`https://127.0.0.1:${port}/`, {}, '{}');
    server.close();
    expect(attempt).toMatchObject({ status: null, failure: 'timeout' });
  });

  it.each([301, 302, 303, 307, 308])('that answers %s is not followed', async (status) => {
    const paths: (string | undefined)[] = [];
    const port = await serve(({ url }, response) => {
      paths.push(url);
      response.writeHead(url === '/' ? status : 200, { location: '/elsewhere' }).end();
    });
    const attempt = await anywhere.post(`http://127.0.0.1:${port}/`, {}, '{}');
    expect(attempt).toMatchObject({ status, failure: 'redirect' });
    expect(paths).toEqual(['/']);
  });

  it('that answers a gigabyte is cut off, and its status counts', async () => {
    let isClosed = false;
    let sent = 0;
    const port = await serve((_, response) => {
      response.writeHead(200, { 'content-length': String(2 ** 30) });
      const chunk = Buffer.alloc(65_536);
      const write = (): void => {
        while (!isClosed && sent < 2 ** 30 && response.write(chunk)) sent += chunk.length;
        if (!isClosed) response.once('drain', write);
      };
      response.on('close', () => {
        isClosed = true;
      });
      write();
    });
    expect(await anywhere.post(`http://127.0.0.1:${port}/`, {}, '{}')).toMatchObject({
      status: 200,
      failure: null,
    });
    expect(sent).toBeLessThan(2 ** 27);
  });

  it('that sends headers without an end is given up', async () => {
    const port = await serve((_, response) => {
      response.writeHead(200, { 'x-long': 'x'.repeat(100_000) }).end();
    });
    expect(await anywhere.post(`http://127.0.0.1:${port}/`, {}, '{}')).toMatchObject({
      failure: 'connection_failed',
    });
  });

  it.each([
    [204, null],
    [301, 'redirect'],
    [404, 'status'],
    [410, 'gone'],
    [500, 'status'],
  ])('that answers %s has answered so', async (status, failure) => {
    const port = await serve((_, response) => {
      response.writeHead(status, { location: '/', 'retry-after': '7' }).end();
    });
    const attempt = await anywhere.post(`http://127.0.0.1:${port}/`, {}, '{}');
    expect(attempt).toMatchObject({ status, failure, retryAfter: 7 });
  });

  it.each(['', 'Connection: Upgrade\r\nUpgrade: websocket\r\n'])(
    'that wants to speak another protocol holds nothing up: %j',
    async (headers) => {
      const port = await serve((_, { socket }) => {
        socket?.write(`HTTP/1.1 101 Switching Protocols\r\n${headers}\r\n`);
      });
      const attempt = await anywhere.post(`http://127.0.0.1:${port}/`, {}, '{}');
      expect(attempt).toMatchObject({ status: 101, failure: 'status' });
    },
  );

  it('that says 100 Continue for ever is given up when the time is over', async () => {
    const port = await serve((_, { socket }) => {
      const again = (): void => {
        if (socket?.destroyed === false)
          socket.write('HTTP/1.1 100 Continue\r\n\r\n', () => setImmediate(again));
      };
      again();
    });
    const transport = new HttpsTransport({ allowsPrivate: true, timeoutMs: 50 });
    const attempt = await transport.post(`http://127.0.0.1:${port}/`, {}, '{}');
    expect(attempt).toMatchObject({ status: null, failure: 'timeout' });
  });

  it('that does not speak TLS, or is not there, is not spoken to', async () => {
    const port = await serve((_, response) => response.end());
    expect(await anywhere.post(`https://127.0.0.1:${port}/`, {}, '{}')).toMatchObject({
      failure: 'connection_failed',
    });
    expect(await anywhere.post('http://127.0.0.1:1/', {}, '{}')).toMatchObject({
      failure: 'connection_failed',
    });
  });
});

describe('a name', () => {
  /** Answers each look-up with the next of these. */
  function answering(...answers: string[][]): ResolveName {
    return (_, done) => {
      const addresses = answers.shift() ?? [];
      done(
        null,
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      );
    };
  }

  it('that leads to this machine on the second look-up is not connected to', async () => {
    let calls = 0;
    const port = await serve((_, response) => {
      calls += 1;
      response.end();
    });
    // 192.88.99.0/24 and its like are refused, too; this one is public, and answers nobody here.
    const transport = new HttpsTransport({
      allowsPrivate: false,
      timeoutMs: 50,
      resolve: answering(['8.8.8.8'], ['127.0.0.1']),
    });
    const url = `http://rebinding.example:${port}/`;
    const first = await transport.post(url, {}, '{}');
    expect(first.failure).not.toBe('address_refused');
    expect(await transport.post(url, {}, '{}')).toMatchObject({ status: null, failure: 'address_refused' });
    expect(calls).toBe(0);
  });

  it('that no server answers for is given up when the time is over', async () => {
    const transport = new HttpsTransport({ allowsPrivate: false, timeoutMs: 50, resolve: () => undefined });
    const attempt = await transport.post('https://any.example/', {}, '{}');
    expect(attempt).toMatchObject({ status: null, failure: 'timeout' });
  });

  it.each([[['127.0.0.1']], [['8.8.8.8', '10.0.0.1']], [['::1']], [[]]])(
    'that leads to %j is refused',
    async (addresses) => {
      const transport = new HttpsTransport({ allowsPrivate: false, resolve: answering(addresses) });
      expect(await transport.post('https://any.example/', {}, '{}')).toMatchObject({
        failure: 'address_refused',
      });
    },
  );

  it.each([
    'https://127.0.0.1/',
    'https://0x7f.1/',
    'https://2130706433/',
    'https://[::1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://169.254.169.254/latest/meta-data/',
  ])('that is a private address itself is refused: %s', async (url) => {
    const transport = new HttpsTransport({ allowsPrivate: false });
    expect(await transport.post(url, {}, '{}')).toMatchObject({ failure: 'address_refused' });
  });
});
