/** Why the embedded PostgreSQL does not run: one sentence, and what to set or do about it. */
export class EmbeddedPostgresError extends Error {
  override readonly name = 'EmbeddedPostgresError';
}

/** The `code` of a system error such as ENOENT; undefined for any other. */
export function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}

/** The last resort of every message: it always works. */
export const OR_BRING_YOUR_OWN = 'or set DATABASE_URL to a PostgreSQL of your own';
