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
  // Stryker wraps it, and looks for it by its full name.
  testEnvironment: fileURLToPath(new URL('environment.cjs', import.meta.url)),
  testTimeout: jestConfig.testTimeout,
};
