import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { isNotification, isReadyForQuery, PostgresMessages } from './postgres-messages.js';
import { TcpPipe } from './tcp-pipe.js';

interface Connection {
  client: Socket;
  server: Socket;
  questions: TcpPipe;
  answers: TcpPipe;
  /** Is called when the server has answered all that it was asked. */
  answered?: () => void;
}

interface Trap {
  text: string;
  /** Whether the piece that holds the text still gets through. */
  passes: boolean;
  sprung: () => void;
}

/**
 * Stands between the service and its database, to do to the connections what networks and crashes do: cut,
 * refuse, delay, hold, or swallow them.
 */
export class TcpProxy {
  private readonly connections = new Set<Connection>();
  private questionsLateBy = 0;
  private answersLateBy = 0;
  private jitterMs: () => number = () => 0;
  private isBlackHole = false;
  private isHolding = false;
  private dropsNotifications = false;
  private trap: Trap | undefined;

  private constructor(
    private target: { host: string; port: number },
    private readonly server: Server,
    readonly port: number,
    /** Whether what the server says is PostgreSQL's protocol, so that its notifications can be told from the rest. */
    private readonly isPostgres: boolean,
  ) {
    server.on('connection', (client) => {
      this.join(client);
    });
  }

  static async start(
    target: { host: string; port: number },
    protocol: 'postgres' | 'any' = 'postgres',
  ): Promise<TcpProxy> {
    const server = createServer();
    await listen(server, 0);
    return new TcpProxy(target, server, (server.address() as AddressInfo).port, protocol === 'postgres');
  }

  /** Stands before the host and port of a PostgreSQL URL; `url` answers the URL that goes through the proxy. */
  static async before(url: string): Promise<{ proxy: TcpProxy; url: string }> {
    const behind = new URL(url);
    const proxy = await TcpProxy.start({ host: behind.hostname, port: Number(behind.port) });
    behind.hostname = '127.0.0.1';
    behind.port = String(proxy.port);
    return { proxy, url: behind.href };
  }

  /** The ports by which the server knows the connections (`pg_stat_activity.client_port`). */
  get ports(): number[] {
    return [...this.connections].flatMap(({ server }) => server.localPort ?? []);
  }

  /** Breaks every connection; new ones go through. */
  cut(): void {
    for (const { client, server } of this.connections) {
      client.destroy();
      server.destroy();
    }
    this.connections.clear();
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
    this.applyToAll();
    return Promise.resolve();
  }

  /** Keeps the connections there are, and lets no byte through on them; new ones work. */
  swallowExisting(): void {
    for (const { questions, answers } of this.connections) {
      questions.loses = true;
      answers.loses = true;
    }
  }

  /** Holds every piece of data back for so long. */
  delay(milliseconds: number): Promise<void> {
    this.questionsLateBy = milliseconds;
    this.delayAnswers(milliseconds);
    return Promise.resolve();
  }

  /** The same for what the server says alone: what it is asked for is done in time. */
  delayAnswers(milliseconds: number): void {
    this.answersLateBy = milliseconds;
    this.applyToAll();
  }

  /** Holds each piece of data back for as long as `jitterMs` says of it; what one connection carries keeps its order. */
  jitter(jitterMs: () => number): void {
    this.jitterMs = jitterMs;
    this.applyToAll();
  }

  /** Holds everything back, ends of connections too, until `restore` lets it through, however late that is. */
  hold(): void {
    this.isHolding = true;
    this.applyToAll();
  }

  /**
   * Holds the next connection whose client sends this text to PostgreSQL, from there on and until `restore`: `before` it,
   * or `after`, so that it gets through and its answer does not. Resolves when it is held, and `after` when the server has
   * answered.
   */
  holdAt(text: string, when: 'before' | 'after'): Promise<void> {
    return new Promise((sprung) => {
      this.trap = { text, passes: when === 'after', sprung };
    });
  }

  /** Leads new connections elsewhere from now on; those that there are stay where they are. */
  redirect(target: { host: string; port: number }): void {
    this.target = target;
  }

  /** What LISTEN was for never arrives, as behind a pooler that lends connections by the transaction. */
  swallowNotifications(): void {
    this.dropsNotifications = true;
  }

  /** Lets everything through again; what a black hole has swallowed stays lost. */
  async restore(): Promise<void> {
    this.questionsLateBy = 0;
    this.answersLateBy = 0;
    this.jitterMs = () => 0;
    this.isHolding = false;
    this.dropsNotifications = false;
    this.trap = undefined;
    for (const { questions, answers } of this.connections) {
      questions.restore();
      answers.restore();
    }
    if (this.isBlackHole) {
      this.isBlackHole = false;
      this.cut();
    }
    if (!this.server.listening) await listen(this.server, this.port);
  }

  async stop(): Promise<void> {
    if (this.server.listening) await this.refuse();
  }

  private join(client: Socket): void {
    const server = connect(this.target);
    const connection: Connection = {
      client,
      server,
      questions: new TcpPipe(server),
      answers: new TcpPipe(client),
    };
    this.connections.add(connection);
    this.apply(connection);
    const messages = new PostgresMessages();
    client.on('data', (data) => {
      this.ask(connection, data);
    });
    server.on('data', (data) => {
      for (const message of this.isPostgres ? messages.take(data) : [data]) {
        if (!this.dropsNotifications || !isNotification(message)) connection.answers.push(message);
        if (isReadyForQuery(message)) connection.answered?.();
      }
    });
    for (const [from, to] of [
      [client, connection.questions],
      [server, connection.answers],
    ] as const) {
      from.setNoDelay(true);
      from.on('error', () => undefined);
      from.on('close', () => {
        to.end();
        if (client.destroyed && server.destroyed) this.connections.delete(connection);
      });
    }
  }

  private ask(connection: Connection, data: Buffer): void {
    const { questions, answers } = connection;
    const { trap } = this;
    if (trap === undefined || !data.includes(trap.text)) {
      questions.push(data);
      return;
    }
    this.trap = undefined;
    if (trap.passes) questions.push(data);
    questions.hold();
    answers.hold();
    if (trap.passes) {
      connection.answered = trap.sprung;
      return;
    }
    questions.push(data);
    trap.sprung();
  }

  private applyToAll(): void {
    for (const connection of this.connections) this.apply(connection);
  }

  private apply({ questions, answers }: Connection): void {
    questions.delayMs = this.questionsLateBy;
    answers.delayMs = this.answersLateBy;
    for (const pipe of [questions, answers]) {
      pipe.jitterMs = this.jitterMs;
      pipe.loses = this.isBlackHole;
      if (this.isHolding) pipe.hold();
    }
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
