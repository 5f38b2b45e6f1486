import { describe, expect, it } from '@jest/globals';
import { SCOPES } from '../../../shared/scopes.js';
import { requestedScopes } from './requested-scopes.js';

describe('A login', () => {
  it('has all scopes when it asks for none in particular', () => {
    expect(requestedScopes(undefined)).toEqual([...SCOPES]);
  });

  it('has those it asks for and no others, each once, whatever their order', () => {
    expect(requestedScopes('apikeys:read')).toEqual(['apikeys:read']);
    const both = requestedScopes('audit:read apikeys:read audit:read');
    expect(both).toHaveLength(2);
    expect(new Set(both)).toEqual(new Set(['apikeys:read', 'audit:read']));
  });

  it.each([
    ['one that does not exist', 'apikeys:everything'],
    ['one that does not exist among others', 'apikeys:read root'],
    ['another case', 'APIKEYS:READ'],
    ['two spaces', 'apikeys:read  audit:read'],
    ['a comma', 'apikeys:read,audit:read'],
    ['nothing', ''],
  ])('is refused for %s, and told which there are', (_, scope) => {
    expect(() => requestedScopes(scope)).toThrow(
      expect.objectContaining({
        code: 'invalid_scope',
        detail: expect.stringContaining(SCOPES.join(' ')),
        details: { errors: [{ field: 'scope', message: expect.stringContaining(SCOPES.join(' ')) }] },
      }),
    );
  });
});
