import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/**
 * Stands between the service and its database, to do to the connections what networks and crashes do: cut,
 * refuse, delay, or swallow them.
 */
export class TcpProxy {
  private readonly sockets = new Set<Socket>();
  private delayMs = 0;
  private isBlackHole = false;

  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {}

  static async start(target: { host: string; port: number }): Promise<TcpProxy> {
    const server = createServer();
    await listen(server, 0);
    const proxy = new TcpProxy(server, (server.address() as AddressInfo).port);
    server.on('connection', (client) => {
      proxy.join(client, connect(target));
    });
    return proxy;
  }

  /** Stands before the host and port of a PostgreSQL URL; `url` answers the URL that goes through the proxy. */
  static async before(url: string): Promise<{ proxy: TcpProxy; url: string }> {
    const behind = new URL(url);
    const proxy = await TcpProxy.start({ host: behind.hostname, port: Number(behind.port) });
    behind.hostname = '127.0.0.1';
    behind.port = String(proxy.port);
    return { proxy, url: behind.href };
  }

  /** Breaks every connection; new ones go through. */
  cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  /** Breaks every connection and refuses new ones, as a server that is down. */
  async refuse(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.cut();
    await closed;
  }

  /** Keeps every connection, and takes new ones, but lets no byte through, as a network that is down. */
  blackHole(): Promise<void> {
    this.isBlackHole = true;
    return Promise.resolve();
  }

  /** Holds every piece of data back for so long. */
  delay(milliseconds: number): Promise<void> {
    this.delayMs = milliseconds;
    return Promise.resolve();
  }

  /** Lets everything through again; what a black hole has swallowed stays lost. */
  async restore(): Promise<void> {
    this.delayMs = 0;
    if (this.isBlackHole) {
      this.isBlackHole = false;
      this.cut();
    }
    if (!this.server.listening) await listen(this.server, this.port);
  }

  async stop(): Promise<void> {
    if (this.server.listening) await this.refuse();
  }

  private join(client: Socket, target: Socket): void {
    this.forward(client, target);
    this.forward(target, client);
  }

  private forward(from: Socket, to: Socket): void {
    this.sockets.add(from);
    from.setNoDelay(true);
    from.on('data', (data) => {
      if (this.isBlackHole) return;
      if (this.delayMs === 0) to.write(data);
      else setTimeout(() => to.write(data), this.delayMs).unref();
    });
    from.on('error', () => undefined);
    from.on('close', () => {
      this.sockets.delete(from);
      to.destroy();
    });
  }
}

async function listen(server: Server, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve();
    });
  });
}
