import { createServer, connect, type AddressInfo } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { withDeadline } from './deadline.js';

const late = (): Error => new Error('late');

describe('A deadline', () => {
  it('gives what the work gives, or its error, when that is in time', async () => {
    expect(await withDeadline(Promise.resolve(1), 60_000, late)).toBe(1);
    await expect(withDeadline(Promise.reject(new Error('away')), 60_000, late)).rejects.toThrow('away');
  });

  it('gives its own error when the work takes longer', async () => {
    await expect(withDeadline(new Promise(() => undefined), 20, late)).rejects.toThrow('late');
  });

  it('leaves the error of work alone that comes too late for it', async () => {
    let fail: (error: Error) => void = () => undefined;
    const work = new Promise((_, reject) => {
      fail = reject;
    });
    await expect(withDeadline(work, 20, late)).rejects.toThrow('late');
    fail(new Error('much later'));
    // An unhandled rejection would end the process of this test.
    await new Promise((resolve) => setImmediate(resolve));
  });

  it('does not take for late what has arrived while the process was busy', async () => {
    const server = createServer((socket) => socket.end('answer'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const answer = new Promise((resolve) => socket.once('data', resolve));
    const outcome = withDeadline(answer, 100, late);
    // The answer arrives meanwhile, and so does the end of the time.
    await new Promise<void>((resolve) => {
      server.once('connection', () => {
        setImmediate(resolve);
      });
    });
    const until = performance.now() + 300;
    while (performance.now() < until);
    expect(String(await outcome)).toBe('answer');
    socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
});
