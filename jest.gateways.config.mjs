import base from './jest.config.mjs';

/**
 * What needs the server binaries `nginx` and `caddy` on the path: `npm test -- --config jest.gateways.config.mjs`.
 *
 * @type {import('jest').Config}
 */
export default {
  ...base,
  roots: ['<rootDir>/test/gateways'],
  testPathIgnorePatterns: [],
};
