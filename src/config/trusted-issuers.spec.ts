import { describe, expect, it } from '@jest/globals';
import { parseTrustedIssuers } from './trusted-issuers.js';

const SECRET = 'a secret of exactly 32 bytes, ok';
const REMOTE = {
  issuer: 'https://login.example/',
  audience: 'upblit',
  jwksUrl: 'https://login.example/jwks.json',
};
const SHARED = { issuer: 'https://shared.example/', audience: 'upblit', hs256Secret: SECRET };

describe('parseTrustedIssuers', () => {
  const parse = (...entries: unknown[]): ReturnType<typeof parseTrustedIssuers> =>
    parseTrustedIssuers(JSON.stringify(entries));

  it('binds an issuer with a JWKS URL to RS256 and ES256, unless it says otherwise', () => {
    const [usual, special] = parse(REMOTE, {
      ...REMOTE,
      issuer: 'https://b.example/',
      algorithms: ['PS512'],
    });
    expect(usual?.algorithms).toEqual(['RS256', 'ES256']);
    expect(special?.algorithms).toEqual(['PS512']);
    expect(usual?.defaultScopes).toEqual([]);
  });

  it('binds an issuer with a secret to HS256, and keeps the secret where nothing prints it', () => {
    const issuers = parse({ ...SHARED, defaultScopes: ['apikeys:read'] });
    expect(issuers[0]).toMatchObject({ algorithms: ['HS256'], defaultScopes: ['apikeys:read'] });
    expect(JSON.stringify(issuers)).not.toContain(SECRET);
  });

  it('takes tokens that say that they are access tokens, and others of the clients that are named', () => {
    const [usual, ofClients, special] = parse(
      REMOTE,
      { ...REMOTE, issuer: 'https://b.example/', authorizedParties: ['dashboard'] },
      { ...REMOTE, issuer: 'https://c.example/', types: ['application/Vendor-AT+JWT'] },
    );
    expect(usual).toMatchObject({ types: ['at+jwt'], authorizedParties: null });
    expect(ofClients).toMatchObject({
      types: ['at+jwt', 'jwt', undefined],
      authorizedParties: ['dashboard'],
    });
    expect(special?.types).toEqual(['vendor-at+jwt']);
  });

  it('reads how long tokens may last, what they must say, and where their scopes stand', () => {
    const [usual, special] = parse(REMOTE, {
      ...REMOTE,
      issuer: 'https://b.example/',
      maxLifetimeSeconds: 3600,
      requiredClaims: { 'https://b.example/tenant': 'acme', '/realm~1access/a~0b': [1, true] },
      scopeClaim: '/realm_access/roles',
      roles: { admin: ['applications:write'], nobody: [] },
    });
    expect(usual).toMatchObject({
      maxLifetimeSeconds: 86_400,
      requiredClaims: [],
      scopeClaim: ['scope'],
      roles: null,
    });
    expect(special).toMatchObject({
      maxLifetimeSeconds: 3600,
      requiredClaims: [
        { path: ['https://b.example/tenant'], values: ['acme'] },
        { path: ['realm/access', 'a~b'], values: [1, true] },
      ],
      scopeClaim: ['realm_access', 'roles'],
      roles: new Map([
        ['admin', ['applications:write']],
        ['nobody', []],
      ]),
    });
  });

  it.each([
    ['no JSON', '[{', 'must be JSON'],
    ['no array', '{}', 'must be a JSON array of objects'],
    ['an entry that is no object', '[1]', 'entry 0: must be an object'],
  ])('refuses %s', (_, text, complaint) => {
    expect(() => parseTrustedIssuers(text)).toThrow(complaint);
  });

  it.each<[string, unknown, string]>([
    ['no issuer', { ...REMOTE, issuer: undefined }, 'issuer must be a string'],
    ['the name of the local issuer', { ...REMOTE, issuer: 'local' }, 'issuer must not be "local"'],
    ['no audience', { ...REMOTE, audience: '' }, 'audience must be a string'],
    ['several audiences', { ...REMOTE, audience: ['a'] }, 'audience must be a string'],
    ['no source of keys', { ...REMOTE, jwksUrl: undefined }, 'must have either jwksUrl or hs256Secret'],
    ['two sources of keys', { ...REMOTE, hs256Secret: SECRET }, 'must have either jwksUrl or hs256Secret'],
    ['a JWKS in a file', { ...REMOTE, jwksUrl: 'file:///etc/passwd' }, 'jwksUrl must be an https URL'],
    ['a JWKS that is no URL', { ...REMOTE, jwksUrl: 'login.example' }, 'jwksUrl must be an https URL'],
    [
      'a secret of 31 bytes',
      { ...SHARED, hs256Secret: SECRET.slice(1) },
      'hs256Secret must be at least 32 bytes',
    ],
    ['HS256 with a JWKS URL', { ...REMOTE, algorithms: ['HS256'] }, 'algorithms must be some of'],
    ['none', { ...REMOTE, algorithms: ['none'] }, 'algorithms must be some of'],
    ['no algorithm at all', { ...REMOTE, algorithms: [] }, 'algorithms must be some of'],
    [
      'a public-key algorithm with a secret',
      { ...SHARED, algorithms: ['HS256', 'RS256'] },
      'algorithms must be ["HS256"]',
    ],
    ['a scope that does not exist', { ...REMOTE, defaultScopes: ['admin'] }, 'defaultScopes must be scopes'],
    ['any type of token without its clients', { ...REMOTE, types: ['at+jwt', 'JWT'] }, 'types must be more'],
    ['tokens without a type and clients', { ...REMOTE, types: [null] }, 'types must be more'],
    ['no types', { ...REMOTE, types: [] }, 'types must be an array'],
    ['a type that is none', { ...REMOTE, types: ['a b'] }, 'types must be an array'],
    ['no clients', { ...REMOTE, authorizedParties: [] }, 'authorizedParties must name'],
    ['a client that is no name', { ...REMOTE, authorizedParties: [1] }, 'authorizedParties must be an array'],
    ['a lifetime of nothing', { ...REMOTE, maxLifetimeSeconds: 0 }, 'maxLifetimeSeconds must be'],
    ['an endless lifetime', { ...REMOTE, maxLifetimeSeconds: null }, 'maxLifetimeSeconds must be'],
    ['a list of claims', { ...REMOTE, requiredClaims: ['a'] }, 'requiredClaims must be an object'],
    ['a claim of no value', { ...REMOTE, requiredClaims: { a: [] } }, 'requiredClaims must have'],
    ['a claim that is an object', { ...REMOTE, requiredClaims: { a: {} } }, 'requiredClaims must have'],
    ['a claim without a name', { ...REMOTE, requiredClaims: { '': 1 } }, 'requiredClaims must name'],
    ['scopes that stand nowhere', { ...REMOTE, scopeClaim: '/a~2' }, 'scopeClaim must name'],
    ['a role of unknown scopes', { ...REMOTE, roles: { admin: ['admin'] } }, 'roles must be scopes'],
    ['roles that are a list', { ...REMOTE, roles: ['admin'] }, 'roles must be an object'],
    ['a field that is not known', { ...REMOTE, jwks_url: 'x' }, 'has a field other than issuer, audience'],
  ])('refuses %s, naming the entry and the field', (_, entry, complaint) => {
    expect(() => parse(SHARED, entry)).toThrow(`entry 1: ${complaint}`);
    expect(() => parse(SHARED, entry)).not.toThrow(SECRET.slice(1));
  });

  it('refuses an issuer that is named twice, for then nobody knew which settings count', () => {
    expect(() => parse(REMOTE, { ...SHARED, issuer: REMOTE.issuer })).toThrow(
      'must not name an issuer twice',
    );
  });
});
