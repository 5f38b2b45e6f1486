import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createConnection, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../support/eventually.js';

const RECIPES = join(import.meta.dirname, '../../docs/gateways');

/** Addresses as host:port. */
export interface Behind {
  upblit: string;
  upstream: string;
}

/** A gateway that runs the recipe of the documentation as it stands. */
export class Gateway {
  private constructor(
    readonly port: number,
    private readonly directory: string,
    private readonly process: ChildProcess,
  ) {}

  /** nginx with docs/gateways/nginx.conf, which goes through what envsubst does. */
  static async nginx({ upblit, upstream }: Behind): Promise<Gateway> {
    const { directory, port } = await newPlace();
    const variables: Record<string, string> = {
      GATEWAY_ADDRESS: `127.0.0.1:${port}`,
      UPBLIT_ADDRESS: upblit,
      UPSTREAM_ADDRESS: upstream,
    };
    const recipe = await readFile(join(RECIPES, 'nginx.conf'), 'utf8');
    const site = join(directory, 'upblit.conf');
    await writeFile(
      site,
      recipe.replace(/\$\{(\w+)\}/g, (_, name: string) => variables[name]!),
    );
    const main = join(directory, 'nginx.conf');
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
    await writeFile(
      main,
      `daemon off; pid ${directory}/pid; worker_processes 1; events {}
       http { ${temporary.map((name) => `${name}_temp_path ${directory}/${name};`).join(' ')} include ${site}; }`,
    );
    const child = spawn('nginx', ['-p', directory, '-e', 'stderr', '-c', main], { stdio: 'ignore' });
    return new Gateway(port, directory, child).onceItListens();
  }

  /** Caddy with docs/gateways/Caddyfile. */
  static async caddy({ upblit, upstream }: Behind): Promise<Gateway> {
    const { directory, port } = await newPlace();
    const child = spawn('caddy', ['run', '--adapter', 'caddyfile', '--config', join(RECIPES, 'Caddyfile')], {
      stdio: 'ignore',
      env: {
        PATH: process.env.PATH,
        HOME: directory,
        GATEWAY_ADDRESS: `http://127.0.0.1:${port}`,
        UPBLIT_ADDRESS: upblit,
        UPSTREAM_ADDRESS: upstream,
      },
    });
    return new Gateway(port, directory, child).onceItListens();
  }

  async stop(): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      const ended = once(this.process, 'exit');
      this.process.kill('SIGTERM');
      await ended;
    }
    await rm(this.directory, { recursive: true, force: true });
  }

  private async onceItListens(): Promise<this> {
    await eventually(async () => {
      const socket = createConnection(this.port, '127.0.0.1');
      try {
        await once(socket, 'connect');
      } finally {
        socket.destroy();
      }
    }, 20_000);
    return this;
  }
}

async function newPlace(): Promise<{ directory: string; port: number }> {
  const directory = await mkdtemp(join(tmpdir(), 'upblit-gateway-'));
  // When we are root, nginx gives its temporary files to another user.
  await chmod(directory, 0o711);
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return { directory, port };
}
