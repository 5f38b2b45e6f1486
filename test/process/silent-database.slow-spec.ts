import { describe, expect, it, jest } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { ServiceProcess } from '../support/service-process.js';
import { TEST_PEPPERS, TEST_SIGNING_KEY } from '../support/test-app.js';

jest.setTimeout(180_000);

describe('a start on a database that takes connections and never answers', () => {
  it.each(['true', 'false'])(
    'ends within a bound, and says why (MIGRATE_ON_START=%s)',
    async (MIGRATE_ON_START) => {
      const silent = createServer().listen(0, '127.0.0.1');
      await once(silent, 'listening');
      const { port } = silent.address() as AddressInfo;
      try {
        const output = await ServiceProcess.start(
          {
            DATABASE_URL: `postgres://someone:hunter2@127.0.0.1:${port}/nothing`,
            API_KEY_PEPPERS: TEST_PEPPERS,
            JWT_SIGNING_KEY: TEST_SIGNING_KEY,
            MIGRATE_ON_START,
          },
          tmpdir(),
        ).then(
          () => 'The service has started.',
          (error: unknown) => String(error),
        );
        expect(output).toContain('The database of DATABASE_URL is out of reach');
        expect(output).not.toMatch(/hunter2| {4}at /);
      } finally {
        silent.close();
      }
    },
  );
});
