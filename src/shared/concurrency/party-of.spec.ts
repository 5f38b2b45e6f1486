import { describe, expect, it } from '@jest/globals';
import { SERVICE_KEY_ISSUER } from '../actor.js';
import { partyOf } from './party-of.js';

const person = { issuer: 'https://issuer.example', subject: 'a' };
const serviceKey = { issuer: SERVICE_KEY_ISSUER, subject: 'a', serviceOf: 'application' };

describe('the party of whoever acts', () => {
  it('is the person, as an issuer knows it', () => {
    expect(partyOf({ ...person })).toEqual(partyOf(person));
    expect(partyOf({ ...person, subject: 'b' })).not.toEqual(partyOf(person));
    expect(partyOf({ ...person, issuer: 'https://another.example' })).not.toEqual(partyOf(person));
  });

  it('is the application of a service key, whichever key that is, or the platform', () => {
    expect(partyOf({ ...serviceKey, subject: 'b' })).toEqual(partyOf(serviceKey));
    expect(partyOf({ ...serviceKey, serviceOf: 'another' })).not.toEqual(partyOf(serviceKey));
    expect(partyOf({ ...serviceKey, serviceOf: null })).not.toEqual(partyOf(serviceKey));
  });
});
