/** Stops the PostgreSQL that the set-up started and removes everything of it. */
export default async function globalTeardown() {
  await globalThis.stopTestPostgres?.();
}
