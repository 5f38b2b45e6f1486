import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { eventually } from '../support/eventually.js';
import { TestApp } from '../support/test-app.js';

const REQUEST = 'GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n';
/** Far more than the buffers of both sides can hold the answers of. */
const REQUESTS = 200_000;
/** Bytes that may wait to be written to one client. */
const MAX_WAITING = 1024 * 1024;

describe('a client that sends requests and reads no answer', () => {
  let app: TestApp;
  /** The server's side of each connection, in their order. */
  const sockets: Socket[] = [];

  beforeAll(async () => {
    app = await TestApp.start({ env: { REQUEST_TIMEOUT_MS: '1000', RESPONSE_TIMEOUT_MS: '1000' } });
    app.http.on('connection', (socket: Socket) => sockets.push(socket));
  });
  afterAll(() => app.stop());

  async function client(): Promise<Socket> {
    const before = sockets.length;
    const socket = connect({ host: '127.0.0.1', port: app.port });
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    await eventually(() => {
      expect(sockets.length).toBeGreaterThan(before);
    });
    return socket;
  }

  it('is read no further, and its connection is ended; one between two requests is not', async () => {
    const idle = await client();
    idle.write(REQUEST);
    await once(idle, 'data');

    const greedy = await client();
    greedy.pause();
    const [, served] = sockets;
    const sent = REQUEST.repeat(REQUESTS);
    greedy.write(sent);
    let most = 0;
    await eventually(() => {
      most = Math.max(most, served!.writableLength);
      expect(served!.destroyed).toBe(true);
    });
    expect(served!.bytesRead).toBeLessThan(sent.length / 2);
    expect(most).toBeLessThan(MAX_WAITING);
    greedy.destroy();

    idle.write(REQUEST);
    const [answer] = (await once(idle, 'data')) as [Buffer];
    expect(answer.toString()).toContain('200 OK');
    idle.destroy();
  });
});
