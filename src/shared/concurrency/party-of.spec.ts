import { describe, expect, it } from '@jest/globals';
import { actor } from '../../../test/support/actors.js';
import { SERVICE_KEY_ISSUER } from '../actor.js';
import { partyOf } from './party-of.js';

const person = actor('a', 'https://issuer.example');
const serviceKey = { ...actor('a key', SERVICE_KEY_ISSUER), serviceOf: 'application' };
const owner = { issuer: 'https://issuer.example', subject: 'a' };
const another = { ...owner, subject: 'another' };

describe('the party of whoever acts', () => {
  it('is the person, as an issuer knows it, in whichever application', () => {
    expect(partyOf({ ...person }, another)).toEqual(partyOf(person, owner));
    expect(partyOf({ ...person, subject: 'b' }, owner).name).not.toBe(partyOf(person, owner).name);
    const elsewhere = { ...person, issuer: 'https://another.example' };
    expect(partyOf(elsewhere, owner).name).not.toBe(partyOf(person, owner).name);
  });

  it('is the owner of the application of a service key, whichever key and application that is', () => {
    expect(partyOf({ ...serviceKey, subject: 'b', serviceOf: 'another' }, owner)).toEqual(
      partyOf(person, owner),
    );
    expect(partyOf(serviceKey, another).name).not.toBe(partyOf(serviceKey, owner).name);
  });

  it('is the platform, whichever of its service keys that is', () => {
    const ofPlatform = { ...serviceKey, serviceOf: null };
    expect(partyOf({ ...ofPlatform, subject: 'b' }, another)).toEqual(partyOf(ofPlatform, owner));
    expect(partyOf(ofPlatform, owner).name).not.toBe(partyOf(serviceKey, owner).name);
  });

  it('asks from the network that its address is of', () => {
    const from = (address: string | null) => partyOf({ ...person, address }, owner).network;
    expect(from('2001:db8:1:2::1')).toBe(from('2001:db8:1:2::2'));
    expect(from('2001:db8:1:2::1')).not.toBe(from('2001:db8:1:3::1'));
    expect(from(null)).toBeUndefined();
  });
});
