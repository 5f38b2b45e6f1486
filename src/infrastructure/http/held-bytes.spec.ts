import { beforeEach, describe, expect, it } from '@jest/globals';
import { HeldBytes, type Holding } from './held-bytes.js';

describe('bytes that are held', () => {
  let held: HeldBytes;
  let givenUp: string[];
  beforeEach(() => {
    held = new HeldBytes({ ofOne: 16, ofAll: 64 });
    givenUp = [];
  });

  function hold(holder: string, name = holder): Holding {
    return held.hold(holder, () => givenUp.push(name));
  }

  it('are so many at most of one, who has room again for what was released', () => {
    const [one, two] = [hold('a'), hold('a')];
    expect([one.take(10), two.take(6), two.take(1), one.take(1)]).toEqual([true, true, false, false]);
    one.release();
    expect([two.take(11), two.take(10)]).toEqual([false, true]);
    one.release();
    expect(two.take(1)).toBe(false);
    expect(givenUp).toEqual([]);
  });

  it('give way to others where there is no room for all, what has been held longest first', () => {
    for (const holder of ['a', 'b', 'c', 'd']) {
      expect([hold(holder, `${holder}1`).take(8), hold(holder, `${holder}2`).take(8)]).toEqual([true, true]);
    }
    const other = hold('e');
    expect(other.take(1)).toBe(true);
    expect(givenUp).toEqual(['a1']);
    expect([other.take(7), hold('f').take(16)]).toEqual([true, true]);
    expect(givenUp).toEqual(['a1', 'a2', 'b1']);
    // What was given up is nobody's.
    expect(hold('a').take(16)).toBe(true);
    expect(givenUp).toEqual(['a1', 'a2', 'b1', 'b2', 'c1']);
  });

  it('give way to nothing that has been held longer', () => {
    const oldest = hold('a');
    expect(oldest.take(1)).toBe(true);
    for (const holder of ['b', 'c', 'd']) hold(holder).take(16);
    hold('e').take(15);
    expect(oldest.take(1)).toBe(false);
    expect(givenUp).toEqual([]);
  });
});
