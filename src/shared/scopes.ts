/** What an access token may be used for: the values of its `scope` claim (RFC 8693, section 4.2). */
export const SCOPES = [
  'applications:read',
  'applications:write',
  'apikeys:read',
  'apikeys:write',
  'audit:read',
] as const;

export type Scope = (typeof SCOPES)[number];

/** What a service key may be used for. It never reaches members, service keys, or the application itself. */
export const SERVICE_SCOPES = [
  'keys:verify',
  'applications:read',
  'apikeys:read',
  'apikeys:write',
  'audit:read',
] as const satisfies readonly (Scope | 'keys:verify')[];

export type ServiceScope = (typeof SERVICE_SCOPES)[number];

export function isTokenScope(value: string): value is Scope {
  return (SCOPES as readonly string[]).includes(value);
}

export function isServiceScope(value: string): value is ServiceScope {
  return (SERVICE_SCOPES as readonly string[]).includes(value);
}
