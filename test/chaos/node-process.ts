import { Agent, request } from 'node:http';
import { eventually } from '../support/eventually.js';
import { ServiceProcess } from '../support/service-process.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { TEST_PEPPERS, TEST_SIGNING_KEY } from '../support/test-app.js';

/** Longer than anything that is done to a node; a client that gave up earlier would miss the answers that matter. */
const PATIENCE_MS = 60_000;

/** A node that is killed may find the database away for as long as anything is done to that. */
const RESTART_PATIENCE_MS = 120_000;

/** The same for the nodes of a cluster; as little work for passwords as there can be, and no limits that tests meet. */
const NODE_ENVIRONMENT = {
  API_KEY_PEPPERS: TEST_PEPPERS,
  JWT_SIGNING_KEY: TEST_SIGNING_KEY,
  JWT_ACCESS_TTL_SECONDS: '86400',
  BCRYPT_COST: '4',
  LOG_LEVEL: 'error',
  VERIFY_UNKNOWN_KEYS_PER_SECOND: '1000000',
  MANAGEMENT_CALLS_PER_MINUTE: '10000000',
  MAX_APPLICATIONS_PER_OWNER: '1000000',
  MAX_APPLICATIONS_CREATED_PER_DAY: '1000000',
  MAX_KEYS_ISSUED_PER_DAY: '1000000',
};

export interface Answer {
  /** 0 when the connection ended without an answer. */
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: unknown;
}

export interface Question {
  token?: string;
  headers?: Record<string, string>;
  body?: object;
}

/** One node: a process of the service, and what stands between it and the database. */
export class NodeProcess {
  /** Rejects when the process ends without having been told to. */
  readonly crashed: Promise<never>;
  private noteCrash!: (error: Error) => void;
  private agent = newAgent();
  private isWanted = true;
  private readonly freezes: { began: number; ended: number }[] = [];

  private constructor(
    readonly name: string,
    readonly proxy: TcpProxy,
    private readonly env: Record<string, string>,
    private readonly preload: string[],
    private service: ServiceProcess,
  ) {
    this.crashed = new Promise((_, reject) => {
      this.noteCrash = reject;
    });
    this.crashed.catch(() => undefined);
    this.watch();
  }

  /** @param preload modules of test/support/ that it loads before its own */
  static async start(
    name: string,
    databaseUrl: string,
    variables: Record<string, string>,
    preload: string[] = [],
  ): Promise<NodeProcess> {
    const { proxy, url } = await TcpProxy.before(databaseUrl);
    const env = { ...NODE_ENVIRONMENT, ...variables, DATABASE_URL: url };
    const service = await ServiceProcess.start(env, import.meta.dirname, preload);
    return new NodeProcess(name, proxy, env, preload, service);
  }

  /** For supertest. */
  get http(): string {
    return this.service.http;
  }

  call(method: string, path: string, { token, body, headers: more }: Question = {}): Promise<Answer> {
    const headers = {
      ...more,
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body && { 'content-type': 'application/json' }),
    };
    return new Promise((resolve) => {
      const none = (): void => {
        resolve({ status: 0, headers: {}, body: undefined });
      };
      const call = request(this.service.url + path, { method, headers, agent: this.agent }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('error', none).on('end', () => {
          const { statusCode = 0, headers } = response;
          resolve({ status: statusCode, headers, body: text === '' ? undefined : JSON.parse(text) });
        });
      });
      call.setTimeout(PATIENCE_MS, () => call.destroy());
      call.on('error', none).end(body && JSON.stringify(body));
    });
  }

  /** What it has logged since it was started last. */
  get log(): string {
    return this.service.output;
  }

  freeze(): void {
    this.service.signal('SIGSTOP');
    this.freezes.push({ began: performance.now(), ended: Infinity });
  }

  thaw(): void {
    this.service.signal('SIGCONT');
    const last = this.freezes.at(-1);
    if (last !== undefined) last.ended = performance.now();
  }

  /** Milliseconds between two moments for which it was frozen. */
  frozenFor(from: number, to: number): number {
    return this.freezes.reduce(
      (sum, { began, ended }) => sum + Math.max(0, Math.min(to, ended) - Math.max(from, began)),
      0,
    );
  }

  /** Sets its clock back by an hour; it has to have been started with `clock-on-signal.mjs`. */
  async setClockBack(): Promise<void> {
    const before = this.log.length;
    this.service.signal('SIGUSR2');
    await eventually(() => {
      if (!this.log.includes('The clock is set back', before)) throw new Error('The clock is as it was');
    });
  }

  /** Ends it as a power cut would. */
  async kill(): Promise<void> {
    this.isWanted = false;
    await this.service.kill();
    this.agent.destroy();
  }

  /** Another process in the place of one that was killed; tried again while there is no database to start with. */
  async restart(): Promise<void> {
    this.service = await eventually(
      () => ServiceProcess.start(this.env, import.meta.dirname, this.preload),
      RESTART_PATIENCE_MS,
    );
    this.agent = newAgent();
    this.watch();
  }

  async stop(): Promise<void> {
    await this.kill();
    await this.proxy.stop();
  }

  private watch(): void {
    this.isWanted = true;
    void this.service.exitCode().then((code) => {
      if (this.isWanted) this.noteCrash(new Error(`Node ${this.name} ended with ${code}: ${this.log}`));
    });
  }
}

function newAgent(): Agent {
  return new Agent({ keepAlive: true });
}
