import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createConnection } from 'node:net';

/** Not Redis' own port: one that runs here is left alone. */
const PORT = 46_379;

/** A Redis that keeps nothing on disk; undefined when there is no `redis-server` on the path. */
export async function startRedis() {
  if (spawnSync('redis-server', ['--version']).status !== 0) return undefined;
  const server = spawn(
    'redis-server',
    ['--port', String(PORT), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
    { stdio: 'ignore' },
  );
  const ended = once(server, 'exit');
  while (!(await takesConnections())) {
    if (server.exitCode !== null) throw new Error('redis-server has ended');
  }
  return {
    url: `redis://127.0.0.1:${PORT}`,
    stop: async () => {
      server.kill();
      await ended;
    },
  };
}

async function takesConnections() {
  const socket = createConnection(PORT, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
