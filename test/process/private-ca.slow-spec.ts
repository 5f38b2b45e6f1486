import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { chmod, chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unprivilegedAccount } from '../../src/infrastructure/embedded-postgres/account.js';
import {
  removeEmbeddedPostgres,
  startEmbeddedPostgres,
  type EmbeddedPostgres,
} from '../../src/infrastructure/embedded-postgres/index.js';
import { PrivateCa } from '../support/private-ca.js';
import { ServiceProcess } from '../support/service-process.js';
import { TEST_PEPPERS, TEST_SIGNING_KEY } from '../support/test-app.js';

/** Two servers are made, and processes started, which a machine that runs other tests beside may draw out. */
jest.setTimeout(300_000);

describe('TLS to PostgreSQL, whose certificate is of a private authority', () => {
  let ca: PrivateCa;
  let other: PrivateCa;
  let dataDir: string;
  let postgres: EmbeddedPostgres;
  beforeAll(async () => {
    [ca, other] = [await PrivateCa.make(), await PrivateCa.make()];
    const account = await unprivilegedAccount();
    await chmod(ca.directory, 0o711);
    if (account !== undefined) await chown(ca.serverKey, account.uid, account.gid);
    dataDir = await mkdtemp(join(tmpdir(), 'upblit-tls-'));
    await chmod(dataDir, 0o711);
    postgres = await startEmbeddedPostgres({
      dataDir,
      log: () => undefined,
      settings: { ssl: 'on', ssl_cert_file: ca.serverCertificate, ssl_key_file: ca.serverKey },
    });
  });
  afterAll(async () => {
    await postgres.stop();
    await removeEmbeddedPostgres(dataDir);
    for (const authority of [ca, other]) await authority.remove();
    await rm(dataDir, { recursive: true });
  });

  const start = (parameters: string): Promise<ServiceProcess> => {
    const url = new URL(postgres.url);
    url.search = parameters;
    return ServiceProcess.start(
      {
        DATABASE_URL: url.href,
        MIGRATE_ON_START: 'true',
        API_KEY_PEPPERS: TEST_PEPPERS,
        JWT_SIGNING_KEY: TEST_SIGNING_KEY,
      },
      tmpdir(),
    );
  };
  const failure = (started: Promise<ServiceProcess>): Promise<string> =>
    started.then(
      async (service) => {
        await service.stop();
        return 'The service has started.';
      },
      (error: unknown) => String(error),
    );

  it('is used for the requests, the lease, readiness and migrations with sslmode=verify-full', async () => {
    const service = await start(`sslmode=verify-full&sslrootcert=${ca.certificate}`);
    try {
      expect((await fetch(`${service.url}/health/ready`)).status).toBe(200);
      const { Client } = await import('pg');
      const admin = new Client({ connectionString: postgres.url });
      await admin.connect();
      const { rows } = await admin.query(
        `SELECT bool_and(ssl) AS ssl, count(*)::int AS count FROM pg_stat_activity JOIN pg_stat_ssl USING (pid)
          WHERE application_name LIKE 'upblit%' AND application_name NOT LIKE 'upblit owner%'`,
      );
      await admin.end();
      expect(rows).toEqual([{ ssl: true, count: expect.any(Number) }]);
      expect((rows[0] as { count: number }).count).toBeGreaterThanOrEqual(3);
    } finally {
      await service.stop();
    }
  });

  it('is refused, and the start says why, when another authority is trusted', async () => {
    const untrusted = await failure(start(`sslmode=verify-full&sslrootcert=${other.certificate}`));
    expect(untrusted).toMatch(/out of reach: (UNABLE_TO|SELF_SIGNED|CERT_SIGNATURE)/);
  });
});
