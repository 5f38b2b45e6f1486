const { ModernFakeTimers } = require('@jest/fake-timers');
const { ModuleMocker } = require('jest-mock');
const { register } = require('node:module');
const { pathToFileURL } = require('node:url');
const { createContext } = require('node:vm');

register('../typescript-hooks.mjs', pathToFileURL(module.filename));
process.setSourceMapsEnabled(true);

/** What this process was told not to do much longer. */
const deprecations = [];
process.on('warning', (warning) => {
  // A warning comes once in a process: one is enough. Those of Node itself have a code, and are for packages to heed.
  if (warning.name === 'DeprecationWarning' && warning.code === undefined) deprecations.push(warning);
});

/** Runs tests in the same realm as everything else in the process. */
class SharedEnvironment {
  global = globalThis;

  constructor({ projectConfig }) {
    this.moduleMocker = new ModuleMocker(globalThis);
    this.fakeTimersModern = new ModernFakeTimers({ config: projectConfig, global: globalThis });
    this.fakeTimers = null;
    this.console = globalThis.console;
    this.exit = process.exit;
  }

  setup() {
    // Jest's own reading of source maps knows nothing of modules that Node has loaded.
    Error.prepareStackTrace = undefined;
  }

  /**
   * Takes away what Jest has put into the globals for one test file.
   * @throws what the file did that will end, such as a query on a client of pg that is busy with another
   */
  teardown() {
    this.fakeTimersModern.dispose();
    this.restoreGlobals();
    const [deprecation] = deprecations.splice(0);
    if (deprecation !== undefined) throw deprecation;
  }

  restoreGlobals() {
    globalThis.console = this.console;
    process.exit = this.exit;
    delete globalThis[Symbol.for('EVENT_HANDLERS')];
    for (const symbol of Object.getOwnPropertySymbols(globalThis)) {
      if (symbol.description === 'JEST_STATE_SYMBOL') delete globalThis[symbol];
    }
  }

  exportConditions() {
    return ['node', 'node-addons'];
  }

  getVmContext() {
    return createContext();
  }
}

module.exports = SharedEnvironment;
