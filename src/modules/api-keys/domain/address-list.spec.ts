import { describe, expect, it } from '@jest/globals';
import { AddressList } from './address-list.js';

describe('AddressList', () => {
  const list = new AddressList(['192.0.2.0/24', '198.51.100.7/32', '2001:db8::/32']);

  it.each([
    ['192.0.2.0', true],
    ['192.0.2.255', true],
    ['192.0.3.0', false],
    ['192.0.1.255', false],
    ['198.51.100.7', true],
    ['198.51.100.8', false],
    ['2001:db8::1', true],
    ['2001:DB8:ffff:ffff:ffff:ffff:ffff:ffff', true],
    ['2001:db9::1', false],
    ['::ffff:192.0.2.9', true],
    ['::ffff:c000:209', true],
    ['::ffff:192.0.3.9', false],
    ['192.0.2', false],
    ['192.0.2.9 ', false],
    ['', false],
    [undefined, false],
  ])('%s is in it: %p', (address, expected) => {
    expect(list.includes(address)).toBe(expected);
  });

  it('may name single addresses', () => {
    const single = new AddressList(['192.0.2.7', '2001:db8::7']);
    expect(single.includes('192.0.2.7')).toBe(true);
    expect(single.includes('192.0.2.8')).toBe(false);
    expect(single.includes('2001:db8::7')).toBe(true);
    expect(single.includes('2001:db8::8')).toBe(false);
  });

  it('lets nobody in when it is empty', () => {
    expect(new AddressList([]).includes('192.0.2.1')).toBe(false);
  });
});
