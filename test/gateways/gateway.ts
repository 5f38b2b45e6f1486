import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createConnection, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../support/eventually.js';
import { SERVICE_KEY } from '../support/service-key.js';

const RECIPES = join(import.meta.dirname, '../../docs/gateways');

/** Addresses as host:port. */
export interface Behind {
  /** Of nginx, several with blanks between them. */
  upblit: string;
  upstream: string;
}

/** A gateway that runs the recipe of the documentation as it stands. */
export class Gateway {
  private written: string | undefined;

  private constructor(
    readonly port: number,
    private readonly directory: string,
    private readonly process: ChildProcess,
  ) {}

  /** Everything that it has written so far. */
  get output(): string {
    return this.written ?? readFileSync(outputOf(this.directory), 'utf8');
  }

  /** nginx with docs/gateways/nginx.conf, which goes through what envsubst does. */
  static async nginx({ upblit, upstream }: Behind): Promise<Gateway> {
    const { directory, port } = await newPlace();
    const variables: Record<string, string> = {
      GATEWAY_ADDRESS: `127.0.0.1:${port}`,
      UPBLIT_ADDRESS: upblit,
      UPSTREAM_ADDRESS: upstream,
      UPBLIT_SERVICE_KEY: SERVICE_KEY,
    };
    const recipe = await readFile(join(RECIPES, 'nginx.conf'), 'utf8');
    const site = join(directory, 'upblit.conf');
    // As many lines as there are nodes.
    const ofNodes = recipe.replace(/^ *server \$\{UPBLIT_ADDRESS\}.*\n/m, (line) =>
      upblit
        .split(' ')
        .map((node) => line.replace('${UPBLIT_ADDRESS}', node))
        .join(''),
    );
    await writeFile(
      site,
      ofNodes.replace(/\$\{(\w+)\}/g, (_, name: string) => variables[name]!),
    );
    const main = join(directory, 'nginx.conf');
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
    await writeFile(
      main,
      `daemon off; pid ${directory}/pid; worker_processes 1; events {}
       http { ${temporary.map((name) => `${name}_temp_path ${directory}/${name};`).join(' ')} include ${site}; }`,
    );
    const child = launch(directory, 'nginx', ['-p', directory, '-e', 'stderr', '-c', main]);
    return new Gateway(port, directory, child).onceItListens();
  }

  /** Caddy with docs/gateways/Caddyfile. */
  static async caddy({ upblit, upstream }: Behind): Promise<Gateway> {
    const { directory, port } = await newPlace();
    const child = launch(
      directory,
      'caddy',
      ['run', '--adapter', 'caddyfile', '--config', join(RECIPES, 'Caddyfile')],
      {
        PATH: process.env.PATH,
        HOME: directory,
        GATEWAY_ADDRESS: `http://127.0.0.1:${port}`,
        UPBLIT_ADDRESS: upblit,
        UPSTREAM_ADDRESS: upstream,
        UPBLIT_SERVICE_KEY: SERVICE_KEY,
      },
    );
    return new Gateway(port, directory, child).onceItListens();
  }

  /** HAProxy with docs/gateways/haproxy.cfg. */
  static async haproxy({ upblit, upstream }: Behind): Promise<Gateway> {
    const { directory, port } = await newPlace();
    const child = launch(directory, 'haproxy', ['-db', '-f', join(RECIPES, 'haproxy.cfg')], {
      PATH: process.env.PATH,
      GATEWAY_ADDRESS: `127.0.0.1:${port}`,
      UPBLIT_ADDRESS: upblit,
      UPSTREAM_ADDRESS: upstream,
      UPBLIT_SERVICE_KEY: SERVICE_KEY,
      UPBLIT_LUA: join(RECIPES, 'upblit.lua'),
    });
    return new Gateway(port, directory, child).onceItListens();
  }

  async stop(): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      const ended = once(this.process, 'exit');
      this.process.kill('SIGTERM');
      await ended;
    }
    this.written = this.output;
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

function outputOf(directory: string): string {
  return join(directory, 'output');
}

/** It writes into a file: nginx opens /dev/stdout, which a pipe of Node's cannot be. */
function launch(directory: string, program: string, args: string[], env?: NodeJS.ProcessEnv): ChildProcess {
  const file = openSync(outputOf(directory), 'a');
  try {
    return spawn(program, args, { stdio: ['ignore', file, file], ...(env && { env }) });
  } finally {
    closeSync(file);
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
