/** Test files are loaded by Node itself, not by Jest: see test/support/jest/runtime.cjs. */
const project = {
  roots: ['<rootDir>/src', '<rootDir>/test'],
  testEnvironment: '<rootDir>/test/support/jest/environment.cjs',
  runtime: '<rootDir>/test/support/jest/runtime.cjs',
  transform: {},
  injectGlobals: false,
};

/** The projects whose tests find a PostgreSQL of their own. */
const withPostgres = {
  ...project,
  globalSetup: '<rootDir>/test/support/global-setup.mjs',
  globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
};

/**
 * The name of a test file says where it belongs: CONTRIBUTING.md. `npm test` runs `unit` and `e2e`.
 *
 * @type {import('jest').Config}
 */
export default {
  projects: [
    { ...project, displayName: 'unit', testRegex: String.raw`\.spec\.ts$` },
    {
      ...withPostgres,
      displayName: 'e2e',
      testRegex: String.raw`\.e2e-spec\.ts$`,
      testPathIgnorePatterns: ['<rootDir>/test/redis/', '<rootDir>/test/gateways/', '<rootDir>/test/pooler/'],
    },
    { ...withPostgres, displayName: 'slow', testRegex: String.raw`\.slow-spec\.ts$` },
    // They need server binaries on the path: `redis-server`, and `nginx` with `caddy`.
    { ...withPostgres, displayName: 'redis', testRegex: String.raw`/test/redis/.*\.e2e-spec\.ts$` },
    { ...withPostgres, displayName: 'gateways', testRegex: String.raw`/test/gateways/.*\.e2e-spec\.ts$` },
    // Drives Debian's Chromium (`CHROMIUM` names another one): `npm test -- --selectProjects browser`.
    { ...withPostgres, displayName: 'browser', testRegex: String.raw`\.browser-spec\.ts$` },
    // Starts three PostgreSQL of Debian's packages: `npm run chaos -- --help`.
    { ...project, displayName: 'cluster', testRegex: String.raw`\.cluster-spec\.ts$` },
    // The tests of `e2e` once more, with `pgbouncer` between the service and PostgreSQL, and those of it alone. To be
    // run without other projects: both would tell their tests of a server of their own.
    {
      ...withPostgres,
      displayName: 'pooler',
      globalSetup: '<rootDir>/test/support/global-setup-pooler.mjs',
      globalTeardown: '<rootDir>/test/support/global-teardown-pooler.mjs',
      testRegex: String.raw`\.e2e-spec\.ts$`,
      testPathIgnorePatterns: [
        '<rootDir>/test/redis/',
        '<rootDir>/test/gateways/',
        // Ends the processes of PostgreSQL behind connections by the numbers that these were told, which a pooler
        // makes up.
        '<rootDir>/test/database/broken-connections',
        // Chooses the plans of PostgreSQL by start-up parameters, which a pooler refuses.
        '<rootDir>/test/api-keys/revocation-order',
      ],
    },
  ],
  // One for each core of a small machine; a larger one would need more memory and a larger PostgreSQL.
  maxWorkers: 2,
  // A safety net: a worker does not grow from file to file.
  workerIdleMemoryLimit: '700MB',
  testTimeout: 240_000,
};
