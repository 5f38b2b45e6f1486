const SharedEnvironment = require('../support/jest/environment.cjs');

/**
 * Says for each run which mutant is active. The mutated modules read that when they are loaded, which Node does once
 * and not for every run.
 */
class MutatedEnvironment extends SharedEnvironment {
  setup() {
    super.setup();
    // Both names are Stryker's: its context, and the variable in which a test runner is told the mutant.
    globalThis.__stryker__ ??= {};
    globalThis.__stryker__.activeMutant = process.env.__STRYKER_ACTIVE_MUTANT__;
  }
}

module.exports = MutatedEnvironment;
