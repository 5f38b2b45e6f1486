import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { tmpdir } from 'node:os';
import { freePort } from '../../src/infrastructure/embedded-postgres/postmaster.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { PrivateCa } from '../support/private-ca.js';
import { ServiceProcess } from '../support/service-process.js';
import { TEST_PEPPERS, TEST_SIGNING_KEY } from '../support/test-app.js';
import { RedisServer } from './redis-server.js';

jest.setTimeout(180_000);

describe('TLS to Redis, whose certificate is of a private authority', () => {
  let ca: PrivateCa;
  let redis: RedisServer;
  let database: TestDatabase;
  let tlsPort: number;
  beforeAll(async () => {
    ca = await PrivateCa.make();
    database = await createTestDatabase();
    tlsPort = await freePort();
    redis = await RedisServer.start([
      ...['--tls-port', String(tlsPort), '--tls-auth-clients', 'no', '--tls-ca-cert-file', ca.certificate],
      ...['--tls-cert-file', ca.serverCertificate, '--tls-key-file', ca.serverKey],
    ]);
  });
  afterAll(async () => {
    await redis.stop();
    await database.drop();
    await ca.remove();
  });

  const readiness = async (env: Record<string, string>): Promise<unknown> => {
    const service = await ServiceProcess.start(
      {
        DATABASE_URL: database.url,
        API_KEY_PEPPERS: TEST_PEPPERS,
        JWT_SIGNING_KEY: TEST_SIGNING_KEY,
        RATE_LIMIT_STORE: 'redis',
        REDIS_URL: `rediss://127.0.0.1:${tlsPort}`,
        RATE_LIMIT_TIMEOUT_MS: '10000',
        ...env,
      },
      tmpdir(),
    );
    try {
      return await (await fetch(`${service.url}/health/ready`)).json();
    } finally {
      await service.stop();
    }
  };

  it('is used when NODE_EXTRA_CA_CERTS names the authority, and refused with the reason otherwise', async () => {
    expect(await readiness({ NODE_EXTRA_CA_CERTS: ca.certificate })).toEqual({ status: 'ok' });
    expect(await readiness({})).toMatchObject({
      detail: expect.stringMatching(/UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED/),
    });
  });
});
