import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client, verify } from '../support/builders.js';
import { TestApp } from '../support/test-app.js';
import { RedisServer } from './redis-server.js';

let server: RedisServer;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server.stop());

describe('rate limits of several nodes on Redis', () => {
  it('are one limit, and end with the nodes', async () => {
    // On a busy machine too, every verification is to be counted.
    const env = { RATE_LIMIT_STORE: 'redis', REDIS_URL: server.url, RATE_LIMIT_TIMEOUT_MS: '10000' };
    const first = await TestApp.start({ env });
    const second = await TestApp.start({ env, database: first.database });
    try {
      const owner = await Client.signedIn(first);
      const applicationId = await owner.createApplication();
      await owner
        .patch(`/applications/${applicationId}/limits`)
        .send({ rateLimits: [{ name: 'shared', limit: 10, windowSeconds: 60 }] })
        .expect(200);
      const keys = await Promise.all([1, 2, 3].map(() => owner.issueKey(applicationId)));
      const answers = await Promise.all(
        Array.from({ length: 60 }, (_, i) => verify(i % 2 === 0 ? first : second, keys[i % 3]!.key)),
      );
      expect(answers.filter(({ valid }) => valid)).toHaveLength(10);
      expect(answers.filter(({ code }) => code === 'RATE_LIMITED')).toHaveLength(50);
    } finally {
      await second.stop();
      await first.stop();
    }
  });
});
