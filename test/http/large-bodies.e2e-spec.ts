import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { Client, foreignKey } from '../support/builders.js';
import { eventually } from '../support/eventually.js';
import { TestApp } from '../support/test-app.js';

const MIB = 1024 * 1024;
const CONNECTIONS = 40;

let app: TestApp;
beforeAll(async () => {
  app = await TestApp.start();
});
afterAll(() => app.stop());

/** Sends all of a body but its last byte, from an address, and nothing that says who sends it. */
function hold(from: string, onAnswer: (answer: string) => void): Socket {
  const socket = connect({ port: app.port, host: '127.0.0.1', localAddress: from });
  socket.on('error', () => undefined);
  socket.on('data', (data) => {
    onAnswer(data.toString());
  });
  const head = [
    'POST /apikey/import HTTP/1.1',
    'Host: localhost',
    'Content-Type: application/json',
    `Content-Length: ${MIB}`,
  ];
  socket.write([...head, '', ''].join('\r\n'));
  socket.write(Buffer.alloc(MIB - 1, ' '));
  return socket;
}

it('holds a bounded number of bytes of large bodies that nobody finishes', async () => {
  const owner = await Client.signedIn(app);
  const applicationId = await owner.createApplication();
  const importing = (metadata: string): Promise<number> => {
    const keys = Array.from({ length: 10 }, () => ({
      sha256: createHash('sha256').update(foreignKey()).digest('hex'),
      metadata: { metadata },
    }));
    return owner
      .post(`/apikey/import?ApplicationId=${applicationId}`)
      .send({ keys })
      .then(({ status }) => status);
  };
  const large = 'x'.repeat(15_000);
  const answers: string[] = [];
  const sockets = Array.from({ length: CONNECTIONS }, () =>
    hold('127.0.0.2', (answer) => answers.push(answer)),
  );
  try {
    await eventually(() => {
      expect(answers.length).toBeGreaterThanOrEqual(CONNECTIONS - 18);
    });
    // Who shows no token is told that, as ever.
    expect(answers[0]).toMatch(/^HTTP\/1.1 401 /);
    expect(answers.length).toBeLessThan(CONNECTIONS);
    // Others have room of their own.
    expect(await importing(large)).toBe(200);
  } finally {
    for (const socket of sockets) socket.destroy();
  }
});

it('gives the room back, of what was cut off and of what was read', async () => {
  for (let round = 0; round < 3; round++) {
    const answers: string[] = [];
    const sockets = Array.from({ length: 12 }, () => hold('127.0.0.3', (answer) => answers.push(answer)));
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(answers).toEqual([]);
    for (const socket of sockets.slice(6)) socket.write(' ');
    for (const socket of sockets.slice(0, 6)) socket.destroy();
    await eventually(() => {
      expect(answers).toHaveLength(6);
    });
    for (const socket of sockets) socket.destroy();
  }
});
