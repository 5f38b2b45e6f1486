import { describe, expect, it } from '@jest/globals';
import { SecretScanner } from './secret-scanner.js';

const KEY = 'upblit_live_0aA1bB2cC3dD4eE5fF6gG7hH8iI9jJ0kK1lL';
const scanner = new SecretScanner({ key: KEY, password: 'an open secret, kept' });

const utf16be = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16();

describe('the search for secrets', () => {
  it.each<[string, Buffer]>([
    ['as it is', Buffer.from(`{"key":"${KEY}"}`)],
    ['without its prefix', Buffer.from(KEY.slice(12))],
    ['cut off after a while', Buffer.from(KEY.slice(0, 30))],
    ['without its beginning', Buffer.from(`…${KEY.slice(-20)}`)],
    ['in UTF-16', Buffer.from(KEY, 'utf16le')],
    ['in UTF-16, big-endian', utf16be(KEY)],
    ['in hex', Buffer.from(`\\x${Buffer.from(KEY).toString('hex')}`)],
    ['in upper-case hex', Buffer.from(Buffer.from(KEY).toString('hex').toUpperCase())],
    ['in base64', Buffer.from(Buffer.from(KEY).toString('base64'))],
    ['in base64, one byte on', Buffer.from(btoa(`:${KEY}`))],
    ['in base64, two bytes on', Buffer.from(btoa(`::${KEY}`))],
    ['in base64url', Buffer.from(Buffer.from(`x-api-key: ${KEY}`).toString('base64url'))],
    ['percent-encoded', Buffer.from(KEY.replace(/./g, (c) => `%${c.charCodeAt(0).toString(16)}`))],
    ['at the very end', Buffer.concat([Buffer.alloc(1 << 20), Buffer.from(KEY)])],
  ])('finds one %s', (_, haystack) => {
    expect(scanner.scan(haystack)).toEqual(['key']);
  });

  it('finds one whose characters a URL encodes', () => {
    expect(scanner.scan(Buffer.from(encodeURIComponent('an open secret, kept')))).toEqual(['password']);
  });

  it('is not alarmed by a hint or a prefix', () => {
    expect(scanner.scan(Buffer.from(`upblit_live_ upblit_live_…${KEY.slice(-4)}`))).toEqual([]);
  });
});
