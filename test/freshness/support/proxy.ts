import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

interface Pair {
  client: Socket;
  server: Socket;
}

/** Stands between a node and PostgreSQL, and does to their connections what networks do. */
export class Proxy {
  /** Milliseconds by which everything the server says is late. */
  lateBy = 0;
  /** The server's notifications never arrive, as behind a pooler that lends connections by the transaction. */
  dropsNotifications = false;
  private silent = false;
  private refusing = false;
  private readonly pairs = new Set<Pair>();

  private constructor(
    private readonly listener: Server,
    private readonly target: { host: string; port: number },
    readonly url: string,
  ) {
    listener.on('connection', (client) => {
      this.accept(client);
    });
  }

  static async before(databaseUrl: string): Promise<Proxy> {
    const url = new URL(databaseUrl);
    const target = { host: url.hostname, port: Number(url.port) };
    const listener = createServer({ pauseOnConnect: true });
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    url.hostname = '127.0.0.1';
    url.port = String((listener.address() as AddressInfo).port);
    return new Proxy(listener, target, url.href);
  }

  /** Nothing gets through in either direction, and nobody is told. */
  silence(): void {
    this.silent = true;
    for (const { client, server } of this.pairs) {
      client.pause();
      server.pause();
    }
  }

  speak(): void {
    this.silent = false;
    for (const { client, server } of this.pairs) {
      client.resume();
      server.resume();
    }
  }

  /** Resets every connection, and refuses new ones until `restore`. */
  cut(): void {
    this.refusing = true;
    this.reset();
  }

  restore(): void {
    this.refusing = false;
  }

  reset(): void {
    for (const { client, server } of [...this.pairs]) {
      client.destroy();
      server.destroy();
    }
  }

  async close(): Promise<void> {
    this.reset();
    await new Promise((resolve) => this.listener.close(resolve));
  }

  private accept(client: Socket): void {
    if (this.refusing) {
      client.destroy();
      return;
    }
    const server = connect(this.target);
    const pair = { client, server };
    this.pairs.add(pair);
    const end = (): void => {
      this.pairs.delete(pair);
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      socket.on('error', end);
      socket.on('close', end);
    }
    client.on('data', (bytes) => server.write(bytes));
    const frames = new Frames();
    server.on('data', (bytes) => {
      const passed = this.dropsNotifications ? frames.withoutNotifications(bytes) : bytes;
      if (this.lateBy === 0) client.write(passed);
      else setTimeout(() => client.write(passed), this.lateBy);
    });
    if (this.silent) server.pause();
    else client.resume();
  }
}

/** Takes apart what PostgreSQL says: a letter, a length that counts itself, and the rest. */
class Frames {
  private rest = Buffer.alloc(0);

  withoutNotifications(bytes: Buffer): Buffer {
    this.rest = Buffer.concat([this.rest, bytes]);
    const passed: Buffer[] = [];
    while (this.rest.length >= 5) {
      const size = 1 + this.rest.readInt32BE(1);
      if (this.rest.length < size) break;
      if (this.rest.toString('latin1', 0, 1) !== 'A') passed.push(this.rest.subarray(0, size));
      this.rest = this.rest.subarray(size);
    }
    return Buffer.concat(passed);
  }
}
