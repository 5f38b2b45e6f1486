import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createConnection, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../support/eventually.js';

/** A Redis of one test file, which keeps nothing on disk. */
export class RedisServer {
  private constructor(
    readonly port: number,
    private readonly directory: string,
    private readonly settings: string[],
    private process: ChildProcess,
  ) {}

  /** @param settings as of its command line, such as `['--requirepass', 'x']` */
  static async start(settings: string[] = []): Promise<RedisServer> {
    const directory = await mkdtemp(join(tmpdir(), 'upblit-redis-'));
    const port = await freePort();
    const server = new RedisServer(port, directory, settings, run(port, directory, settings));
    await server.isUp();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  async kill(): Promise<void> {
    const ended = once(this.process, 'exit');
    this.process.kill('SIGKILL');
    await ended;
  }

  async restart(): Promise<void> {
    this.process = run(this.port, this.directory, this.settings);
    await this.isUp();
  }

  /** Lets it take connections and requests, and answer none, until `unfreeze`. */
  freeze(): void {
    this.process.kill('SIGSTOP');
  }

  unfreeze(): void {
    this.process.kill('SIGCONT');
  }

  async stop(): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) await this.kill();
    await rm(this.directory, { recursive: true, force: true });
  }

  private isUp(): Promise<void> {
    return eventually(async () => {
      const socket = createConnection(this.port, '127.0.0.1');
      try {
        await once(socket, 'connect');
      } finally {
        socket.destroy();
      }
    });
  }
}

function run(port: number, directory: string, further: string[]): ChildProcess {
  const settings = [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--dir',
    directory,
    ...further,
  ];
  return spawn('redis-server', settings, { stdio: 'ignore' });
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
