import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const ROOT = join(import.meta.dirname, '../..');

/** The service as a process of its own, run from its sources; what it writes is kept. */
export class ServiceProcess {
  /** Everything on its stdout and stderr so far. */
  output = '';
  readonly #exited: Promise<unknown>;
  #url = '';

  private constructor(private readonly child: ChildProcess) {
    this.#exited = once(child, 'exit');
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
      });
    }
  }

  /** Launches it and resolves when it serves; throws with what it has written when it ends before. */
  static async start(...how: Parameters<typeof ServiceProcess.launch>): Promise<ServiceProcess> {
    const service = ServiceProcess.launch(...how);
    await service.ready();
    return service;
  }

  /**
   * Launches it on a free port, with nothing configured but `env`; `.env` is looked for in `cwd`.
   *
   * @param preload modules of test/support/ that it loads before its own
   * @param before what a shell does first, in the process that becomes the service
   */
  static launch(
    env: Record<string, string>,
    cwd: string,
    preload: string[] = [],
    before?: string,
  ): ServiceProcess {
    const modules = ['typescript.mjs', ...preload].flatMap((name) => [
      '--import',
      pathToFileURL(join(ROOT, 'test/support', name)).href,
    ]);
    const node = [process.execPath, ...modules, join(ROOT, 'src/main.ts')];
    const [command, ...rest] =
      before === undefined ? node : ['sh', '-c', `${before} && exec "$@"`, 'sh', ...node];
    const child = spawn(command!, rest, {
      cwd,
      env: {
        PATH: process.env.PATH,
        NODE_ENV: 'development',
        PORT: '0',
        MANAGEMENT_CALLS_PER_MINUTE: '1000000',
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return new ServiceProcess(child);
  }

  /** Where it serves, without a slash at the end. */
  get url(): string {
    return this.#url;
  }

  /** The same, for supertest. */
  get http(): string {
    return this.#url;
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** Sends it a signal, and goes on. */
  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /** Its exit code, once it has ended. */
  async exitCode(): Promise<number | null> {
    await this.#exited;
    return this.child.exitCode;
  }

  /** Asks it to end, and waits until it has. */
  async stop(): Promise<void> {
    this.signal('SIGTERM');
    await this.#exited;
  }

  /** Ends it as a power cut would. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.#exited;
  }

  /** Resolves when it serves, and rejects when it ends before. Reads the address out of what it prints then. */
  async ready(): Promise<void> {
    while (this.child.exitCode === null && this.child.signalCode === null) {
      const [, url] = /^UPBLIT=(\S+)$/m.exec(this.output) ?? [];
      if (url !== undefined) {
        this.#url = url;
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`The service has not started: ${this.output}`);
  }
}
