import { describe, expect, it } from '@jest/globals';
import { inspect } from 'node:util';
import { RefreshTokenSecret } from './refresh-token-secret.js';

describe('RefreshTokenSecret', () => {
  it('is never the same twice, and reads itself back', () => {
    const [first, second] = [RefreshTokenSecret.generate(), RefreshTokenSecret.generate()];
    expect(first.reveal()).not.toBe(second.reveal());
    expect(RefreshTokenSecret.parse(first.reveal())?.hash()).toEqual(first.hash());
    expect(first.hash()).toHaveLength(32);
    expect(first.hash()).not.toEqual(second.hash());
  });

  it('shows nothing of itself unless it is asked to', () => {
    const secret = RefreshTokenSecret.generate();
    const shown = [
      String(secret),
      JSON.stringify({ secret }),
      inspect({ secret }, { showHidden: true, depth: 9 }),
    ];
    for (const text of shown) {
      expect(text).not.toContain(secret.reveal().slice(10, 20));
      // What it is may be seen, so that nobody has to print the rest to find out.
      expect(text).toContain('[refresh token]');
    }
  });

  it.each([
    '',
    'upblit_rt_',
    `upblit_rt_${'a'.repeat(42)}`,
    `upblit_rt_${'a'.repeat(44)}`,
    ` upblit_rt_${'a'.repeat(43)}`,
  ])('cannot be %j', (text) => {
    expect(RefreshTokenSecret.parse(text)).toBeUndefined();
  });
});
