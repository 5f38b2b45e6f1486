import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { eventually } from '../support/eventually.js';
import { TestApp } from '../support/test-app.js';

const MAX = 5;

describe('Connections of one address', () => {
  let app: TestApp;
  let sockets: Socket[] = [];
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    sockets = [];
    await app.stop();
  });

  async function start(env: Record<string, string> = {}): Promise<void> {
    app = await TestApp.start({ env: { MAX_CONNECTIONS_PER_ADDRESS: String(MAX), ...env } });
  }

  /** Whether a new connection is answered; it stays open. */
  async function isAnswered(from = '127.0.0.1'): Promise<boolean> {
    const socket = connect({ port: app.port, host: '127.0.0.1', localAddress: from });
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.write('GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n');
    const answered = once(socket, 'data').then(() => true);
    const closed = new Promise<boolean>((resolve) => {
      socket.once('close', () => {
        resolve(false);
      });
    });
    return Promise.race([answered.catch(() => false), closed]);
  }

  it('are closed beyond their number, and those of others are not', async () => {
    await start();
    for (let i = 0; i < MAX; i++) expect(await isAnswered()).toBe(true);
    for (let i = 0; i < 3; i++) expect(await isAnswered()).toBe(false);
    expect(await isAnswered('127.0.0.2')).toBe(true);
    sockets[0]!.destroy();
    await eventually(async () => {
      expect(await isAnswered()).toBe(true);
    });
  });

  it('are not counted for a proxy that is trusted', async () => {
    await start({ TRUST_PROXY: '127.0.0.1' });
    for (let i = 0; i < 3 * MAX; i++) expect(await isAnswered()).toBe(true);
  });
});
