const { default: Runtime } = require('jest-runtime');
const { pathToFileURL } = require('node:url');

/** How often each test file has been loaded by this process. */
const loads = new Map();

/**
 * Loads test files, and all that they import, by Node itself, where Jest's own runtime evaluates every module again
 * for every test file. Node keeps what it has loaded: a worker loads Nest, TypeORM and the service once, not a hundred
 * times, and its memory does not grow with the number of test files.
 */
class NodeRuntime extends Runtime {
  unstable_shouldLoadAsEsm() {
    return true;
  }

  async unstable_importModule(path) {
    const url = pathToFileURL(path);
    const before = loads.get(path) ?? 0;
    loads.set(path, before + 1);
    // A test file that runs again, as when Jest watches, has to register its tests again.
    if (before > 0) url.searchParams.set('run', before + 1);
    await import(url.href);
  }

  /** Jest's framework, anew for each test file: it keeps the tests of a file in its modules. */
  requireInternalModule(path) {
    delete require.cache[path];
    return require(path);
  }

  /** Puts describe, it, expect and jest where globals.mjs finds them. */
  setGlobalsForRuntime(globals) {
    super.setGlobalsForRuntime(globals);
    globalThis[Symbol.for('test globals')] = this.requireModuleOrMock(module.filename, '@jest/globals');
  }
}

module.exports = NodeRuntime;
