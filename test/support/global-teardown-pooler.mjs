import globalTeardown from './global-teardown.mjs';

/** Stops what `global-setup-pooler.mjs` has started. */
export default async function globalTeardownPooler() {
  await globalThis.stopTestPooler?.();
  await globalTeardown();
}
