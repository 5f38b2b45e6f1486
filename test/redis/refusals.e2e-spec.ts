import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger, type LoggerService } from '@nestjs/common';
import { Redis } from 'ioredis';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import request from 'supertest';
import { RateLimiter } from '../../src/modules/metering/application/rate-limiter.js';
import { RedisRateLimitStore } from '../../src/modules/metering/infrastructure/redis-rate-limit-store.js';
import { limitSet, newOwner } from '../metering/limit-sets.js';
import { Client, verify } from '../support/builders.js';
import { freePort } from '../../src/infrastructure/embedded-postgres/postmaster.js';
import { eventually } from '../support/eventually.js';
import { PrivateCa } from '../support/private-ca.js';
import { TestApp } from '../support/test-app.js';
import { RedisServer } from './redis-server.js';

/** What has been said at the level of an error. */
let said: string[];
let cleanUp: (() => unknown)[];
beforeEach(() => {
  said = [];
  cleanUp = [];
  const silent = (): void => undefined;
  const logger: LoggerService = { log: silent, warn: silent, error: (message) => said.push(String(message)) };
  Logger.overrideLogger(logger);
});
afterEach(async () => {
  Logger.overrideLogger(false);
  for (const step of cleanUp.reverse()) await step();
});

async function serve(settings: string[] = []): Promise<RedisServer> {
  const server = await RedisServer.start(settings);
  cleanUp.push(() => server.stop());
  return server;
}

function storeOf(url: string): RedisRateLimitStore {
  const store = new RedisRateLimitStore({ url, timeoutMs: 1000 });
  cleanUp.push(() => {
    store.onApplicationShutdown();
  });
  return store;
}

const SET = limitSet(newOwner(), [{ limit: 1000 }]);

describe('Redis that does not let the service in', () => {
  it.each([
    ['a wrong password', (port: number) => `redis://:hunter2@127.0.0.1:${port}`, /WRONGPASS/],
    ['no password', (port: number) => `redis://127.0.0.1:${port}`, /NOAUTH/],
  ])('because of %s: start, call and readiness say so', async (_, urlOf, cause) => {
    const server = await serve(['--requirepass', 'right']);
    const store = storeOf(urlOf(server.port));
    await store.onApplicationBootstrap();
    expect(said).toEqual([expect.stringMatching(cause)]);
    expect(store.problem).toMatch(cause);

    const limiter = new RateLimiter(store, { onFailure: 'open', timeoutMs: 1000 });
    expect((await limiter.check(SET)).state).toBe('unchecked');
    expect(said).toEqual([expect.anything(), expect.stringMatching(cause)]);
    expect(said.join('')).not.toContain('hunter2');
    expect(store.problem).not.toContain('hunter2');
  });

  it('because of a certificate that nobody here trusts: start, call and readiness say so', async () => {
    const ca = await PrivateCa.make();
    cleanUp.push(() => ca.remove());
    const tlsPort = await freePort();
    await serve([
      ...['--tls-port', String(tlsPort), '--tls-auth-clients', 'no', '--tls-ca-cert-file', ca.certificate],
      ...['--tls-cert-file', ca.serverCertificate, '--tls-key-file', ca.serverKey],
    ]);
    const store = storeOf(`rediss://127.0.0.1:${tlsPort}`);
    await store.onApplicationBootstrap();
    const cause = /UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED_CERT_IN_CHAIN/;
    expect(said).toEqual([expect.stringMatching(cause)]);
    expect(store.problem).toMatch(cause);
  });

  it('is told of by readiness while requests are served, until it is there', async () => {
    const server = await serve();
    await server.kill();
    const app = await TestApp.start({ env: { RATE_LIMIT_STORE: 'redis', REDIS_URL: server.url } });
    cleanUp.push(() => app.stop());
    // The database has a second to answer, which a busy machine may need more than once.
    await eventually(async () => {
      const { body } = await request(app.http).get('/health/ready');
      expect(body).toEqual({
        status: 'ok',
        detail: 'The rate limits cannot be checked. Redis cannot be used: ECONNREFUSED.',
      });
    });
    await server.restart();
    await eventually(async () => {
      expect((await request(app.http).get('/health/ready')).body).toEqual({ status: 'ok' });
    });
    const client = await Client.signedIn(app);
    const { key } = await client.issueKey(await client.createApplication(), {
      rateLimits: [{ name: 'minute', limit: 1, windowSeconds: 60 }],
    });
    expect(await verify(app, key)).toMatchObject({ code: 'VALID' });
    expect(await verify(app, key)).toMatchObject({ code: 'RATE_LIMITED' });
  });
});

describe('a failover of Redis behind one address', () => {
  it('is noticed by the first call that a replica refuses, and the next ones are counted by the primary', async () => {
    const [first, second] = [await serve(), await serve()];
    const address = await SwitchedAddress.before(first.port);
    cleanUp.push(() => {
      address.close();
    });
    const store = storeOf(`redis://127.0.0.1:${address.port}`);
    await store.onApplicationBootstrap();
    const limiter = new RateLimiter(store, { onFailure: 'open', timeoutMs: 1000 });
    expect((await limiter.check(SET)).state).toBe('passed');

    const admin = new Redis(first.url);
    await admin.replicaof('127.0.0.1', second.port);
    admin.disconnect();
    address.leadTo(second.port);

    expect((await limiter.check(SET)).state).toBe('unchecked');
    expect(said).toEqual([expect.stringContaining('READONLY')]);
    await eventually(async () => {
      expect((await limiter.check(SET)).state).toBe('passed');
    });
    expect(store.problem).toBeUndefined();
  });
});

/** As a load balancer or a service's address: connections stay where they are, new ones go where it leads. */
class SwitchedAddress {
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private target: number,
  ) {
    server.on('connection', (socket) => {
      const other = connect(this.target, '127.0.0.1');
      for (const end of [socket, other]) {
        this.sockets.add(end);
        end.on('error', () => undefined);
      }
      socket.pipe(other);
      other.pipe(socket);
      socket.on('close', () => other.destroy());
      other.on('close', () => socket.destroy());
    });
  }

  static async before(target: number): Promise<SwitchedAddress> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new SwitchedAddress(server, target);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  leadTo(port: number): void {
    this.target = port;
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
  }
}
