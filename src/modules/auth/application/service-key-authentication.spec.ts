import { describe, expect, it } from '@jest/globals';
import type { Principal } from '../domain/principal.js';
import { isMeantAsServiceKey, ServiceKeyAuthentication } from './service-key-authentication.js';

const ORIGIN = { address: '192.0.2.1', requestId: 'a request', userAgent: null };

describe('A credential', () => {
  it.each([
    ['upblit_service_', true],
    ['UPBLIT_Service_cut off', true],
    ['acme2_service_one', true],
    ['x_service_one', false],
    ['2acme_service_one', false],
    [' upblit_service_one', false],
    ['upblit_live_service_', false],
  ])('is meant as a service key, or not: %s, %s', (credential, isMeant) => {
    expect(isMeantAsServiceKey(credential)).toBe(isMeant);
  });
});

describe('Authentication by service keys', () => {
  it('is done by who has entered for it', async () => {
    const authentication = new ServiceKeyAuthentication();
    await expect(authentication.authenticate('a key', ORIGIN)).rejects.toThrow(
      'Nobody authenticates service keys.',
    );
    const principal = { subject: 'a machine' } as Principal;
    const asked: unknown[] = [];
    authentication.enter({
      authenticate: (...call) => {
        asked.push(call);
        return principal;
      },
    });
    expect(await authentication.authenticate('a key', ORIGIN)).toBe(principal);
    expect(asked).toEqual([['a key', ORIGIN]]);
  });
});
