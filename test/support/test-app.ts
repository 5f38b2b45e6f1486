import { generateKeyPairSync } from 'node:crypto';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import type { AddressInfo } from 'node:net';
import { DataSource } from 'typeorm';
import { AppModule } from '../../src/app.module.js';
import { createAdapter, setUpApp } from '../../src/app.setup.js';
import { parseEnv, type Env } from '../../src/config/env.js';
import { dataSourceOptions } from '../../src/infrastructure/database/data-source.js';
import { Clock, SystemClock } from '../../src/shared/clock.js';
import { TEST_PEPPER } from './service-key.js';
import { createTestDatabase, servingUrlOf, type TestDatabase } from './database.js';

/** The same for every node of a test file. */
export const TEST_SIGNING_KEY = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  .privateKey.export({ type: 'pkcs8', format: 'pem' })
  .toString();

export const TEST_PEPPERS = `${TEST_PEPPER.version}=${TEST_PEPPER.key.toString('base64url')}`;

export interface TestAppOptions {
  /** Variables that differ from the defaults of a test. */
  env?: Record<string, string>;
  /** In place of the database's time. */
  clock?: Clock;
  /** The clocks of the node's machine, which the service must not judge by. */
  machine?: Clock;
  /** Another application's database, for several nodes on one. */
  database?: TestDatabase;
  /** The directory of a dashboard, in place of the one that is built here. */
  dashboard?: string;
  /** Takes the lines of the log, which is silent unless `env` sets LOG_LEVEL. */
  log?: { write(line: string): void };
}

/** A running service on a real database of its own. */
export class TestApp {
  #nest: NestFastifyApplication | undefined;
  /** Of the role that owns the database; the service has another one. */
  #owner: Promise<DataSource> | undefined;

  private constructor(
    nest: NestFastifyApplication,
    readonly env: Env,
    readonly database: TestDatabase,
    private readonly ownsDatabase: boolean,
  ) {
    this.#nest = nest;
  }

  static async start(options: TestAppOptions = {}): Promise<TestApp> {
    const database = options.database ?? (await createTestDatabase());
    const env = parseEnv({
      NODE_ENV: 'test',
      LOG_LEVEL: 'silent',
      DATABASE_URL: servingUrlOf(database.url),
      DATABASE_DIRECT_URL: database.directUrl === undefined ? '' : servingUrlOf(database.directUrl),
      DATABASE_POOL_SIZE: '5',
      API_KEY_PEPPERS: TEST_PEPPERS,
      JWT_SIGNING_KEY: TEST_SIGNING_KEY,
      // As little work as bcrypt can do, and as many attempts as a test file makes.
      BCRYPT_COST: '4',
      AUTH_RATE_LIMIT_PER_ADDRESS: '100000',
      AUTH_RATE_LIMIT_PER_ACCOUNT: '100000',
      AUTH_RATE_LIMIT_REFRESH_PER_ACCOUNT: '100000',
      MANAGEMENT_CALLS_PER_MINUTE: '1000000',
      MAX_APPLICATIONS_PER_OWNER: '100000',
      MAX_APPLICATIONS_CREATED_PER_DAY: '100000',
      ...options.env,
    });
    const builder = Test.createTestingModule({ imports: [AppModule.forRoot(env)] });
    if (options.clock !== undefined) builder.overrideProvider(Clock).useValue(options.clock);
    if (options.machine !== undefined) builder.overrideProvider(SystemClock).useValue(options.machine);
    const module = await builder.compile();
    const nest = module.createNestApplication<NestFastifyApplication>(createAdapter(env, options.log));
    await setUpApp(nest, env, options.dashboard);
    await nest.listen(0, '127.0.0.1');
    return new TestApp(nest, env, database, options.database === undefined);
  }

  get nest(): NestFastifyApplication {
    if (this.#nest === undefined) throw new Error('The application has been stopped');
    return this.#nest;
  }

  /** The HTTP server, for supertest. */
  get http(): ReturnType<NestFastifyApplication['getHttpServer']> {
    return this.nest.getHttpServer();
  }

  get port(): number {
    return (this.http.address() as AddressInfo).port;
  }

  /** Asks the database itself, as the role that owns it. */
  async query(sql: string, parameters: unknown[] = []): Promise<unknown[]> {
    this.#owner ??= new DataSource(dataSourceOptions({ url: this.database.url, poolSize: 2 })).initialize();
    return (await this.#owner).query(sql, parameters);
  }

  async stop(): Promise<void> {
    await this.nest.close();
    await (await this.#owner)?.destroy();
    // Node keeps the modules of test files, and with them the variables that hold this.
    this.#nest = undefined;
    if (this.ownsDatabase) await this.database.drop();
  }
}
