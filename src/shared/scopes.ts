/** What an access token may be used for: the values of its `scope` claim (RFC 8693, section 4.2). */
export const SCOPES = [
  'applications:read',
  'applications:write',
  'apikeys:read',
  'apikeys:write',
  'audit:read',
] as const;

export type Scope = (typeof SCOPES)[number];

export function isTokenScope(value: string): value is Scope {
  return (SCOPES as readonly string[]).includes(value);
}
