import base from './jest.config.mjs';

/**
 * What needs the server binary `redis-server` on the path: `npm test -- --config jest.redis.config.mjs`.
 *
 * @type {import('jest').Config}
 */
export default {
  ...base,
  roots: ['<rootDir>/test/redis'],
  testPathIgnorePatterns: [],
};
