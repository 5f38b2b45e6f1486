import { fileURLToPath } from 'node:url';
import jestConfig from '../../jest.config.mjs';

const unit = jestConfig.projects.find(({ displayName }) => displayName === 'unit');

/**
 * Which test files run is Stryker's to say; a PostgreSQL for those that need one runs beside it.
 *
 * @type {import('jest').Config}
 */
export default {
  ...unit,
  rootDir: '../..',
  // By this Jest finds the tests of a source file; it loads nothing itself.
  moduleNameMapper: { [String.raw`^(\.{1,2}/.*)\.js$`]: '$1' },
  // Stryker wraps it, and looks for it by its full name.
  testEnvironment: fileURLToPath(new URL('environment.cjs', import.meta.url)),
  testTimeout: jestConfig.testTimeout,
};
