/** At most this many on one key. */
export const MAX_SCOPES = 100;

/**
 * RFC 6749, section 3.3: printable ASCII without space, `"` and `\`. Levels are divided by `:`; a `*` stands for
 * everything below, and only as the last level.
 */
const CHARACTER = '[\\x21\\x23-\\x29\\x2B-\\x5B\\x5D-\\x7E]';
export const SCOPE_PATTERN = `^(?:${CHARACTER}{1,100}|(?:${CHARACTER}{0,98}:)?\\*)$`;
const SCOPE = new RegExp(SCOPE_PATTERN);

export function isKeyScope(text: unknown): text is string {
  return typeof text === 'string' && SCOPE.test(text);
}

/** Whether what a key holds covers a needed scope: `telemetry:*` covers `telemetry:write`, not `telemetry`. */
export function covers(held: readonly string[], needed: string): boolean {
  return held.some((scope) =>
    scope.endsWith('*')
      ? needed.length >= scope.length && needed.startsWith(scope.slice(0, -1))
      : scope === needed,
  );
}

/** Without scopes a key passes what asks for none and fails what asks for any. */
export function coversAll(held: readonly string[], needed: readonly string[]): boolean {
  return needed.every((scope) => covers(held, scope));
}

/**
 * Those of `scopes` that fit none of the declared ones: a wildcard fits when it covers a declared scope, or is covered
 * by one. Where nothing is declared (null), everything fits.
 */
export function undeclared(scopes: readonly string[], declared: readonly string[] | null): string[] {
  if (declared === null) return [];
  return scopes.filter(
    (scope) => !declared.some((known) => covers([known], scope) || covers([scope], known)),
  );
}
