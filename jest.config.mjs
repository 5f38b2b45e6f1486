import { swcOptions } from './scripts/lib/swc-options.mjs';

/**
 * Unit tests sit beside the code as *.spec.ts; end-to-end tests in test/ as *.e2e-spec.ts.
 *
 * @type {import('jest').Config}
 */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/src', '<rootDir>/test'],
  testRegex: String.raw`\.(e2e-)?spec\.ts$`,
  // They need other servers: jest.redis.config.mjs, jest.gateways.config.mjs.
  testPathIgnorePatterns: ['<rootDir>/test/redis/', '<rootDir>/test/gateways/'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { [String.raw`^(\.{1,2}/.*)\.js$`]: '$1' },
  transform: {
    [String.raw`^.+\.ts$`]: ['@swc/jest', { ...swcOptions, sourceMaps: 'inline' }],
  },
  globalSetup: '<rootDir>/test/support/global-setup.mjs',
  globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
  testTimeout: 30_000,
};
