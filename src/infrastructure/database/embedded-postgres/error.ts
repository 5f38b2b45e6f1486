/** Why the embedded PostgreSQL does not run: one sentence, and what to set or do about it. */
export class EmbeddedPostgresError extends Error {
  override readonly name = 'EmbeddedPostgresError';
}

/** The `code` of a system error such as ENOENT; undefined for any other. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** The last resort of every message: it always works. */
export const OR_BRING_YOUR_OWN = 'or set DATABASE_URL to a PostgreSQL of your own';
