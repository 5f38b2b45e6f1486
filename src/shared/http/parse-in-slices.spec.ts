import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { PROPERTY_RUNS } from '../../../test/support/property-runs.js';
import { WorkPerTurn } from '../../../test/support/work-per-turn.js';
import { parseInSlices } from './parse-in-slices.js';

const KIB = 1024;

/** The value that comes out, or the name of the error. */
async function outcome(read: () => unknown): Promise<unknown> {
  try {
    return { value: await read() };
  } catch (error) {
    return (error as Error).name;
  }
}

async function expectAsAtOnce(text: string): Promise<void> {
  expect(await outcome(() => parseInSlices(Buffer.from(text)))).toEqual(
    await outcome(() => JSON.parse(text)),
  );
}

/** A list whose elements need more than one slice. */
function longList(element: string): string {
  return `[${Array<string>(Math.ceil((100 * KIB) / (element.length + 1)))
    .fill(element)
    .join(',')}]`;
}

describe('JSON in slices', () => {
  it('says what it says at once', async () => {
    const json = fc.oneof(
      fc.jsonValue({ maxDepth: 4 }),
      fc.dictionary(fc.string(), fc.array(fc.jsonValue({ maxDepth: 2 }), { maxLength: 20 })),
      fc.array(fc.jsonValue({ maxDepth: 3 })),
    );
    await fc.assert(
      fc.asyncProperty(json, fc.constantFrom(0, 1), async (value, indent) => {
        await expectAsAtOnce(JSON.stringify(value, null, indent));
      }),
      { numRuns: PROPERTY_RUNS },
    );
  });

  it('is refused where it is refused at once', async () => {
    const text = JSON.stringify({ a: ['x,"]', { b: [1, [2]] }, []], c: { d: [1] }, e: [null] });
    const damage = fc.record({
      at: fc.nat(text.length),
      cut: fc.nat(3),
      insert: fc.constantFrom('', ...'[]{},:"\\1 ', '],[', '1,', ',]'),
    });
    await fc.assert(
      fc.asyncProperty(damage, async ({ at, cut, insert }) => {
        await expectAsAtOnce(text.slice(0, at) + insert + text.slice(at + cut));
      }),
      { numRuns: 10 * PROPERTY_RUNS },
    );
  });

  it.each([
    ['nothing', ''],
    ['long lists', `{"a":${longList('{"b":[1,"]"]}')},"c":${longList('"é,\\""')},"c":[]}`],
    ['one long list', longList('[1,[2]]')],
    ['an element that is missing at the end', `[${longList('"a text"').slice(1, -1)},]`],
    ['an element that is missing', `[${longList('"a text"').slice(1, -1)},,1]`],
    ['an element that is missing, and a slice of its own', `[1,${' '.repeat(40 * KIB)},1]`],
    ['an element that is missing in the last slice', `[1,${' '.repeat(40 * KIB)}]`],
    ['a list that ends as an object', '{"a":[1}]'],
    ['two lists of one name', '{"a":[1],[2]}'],
    ['no end', '{"a":[1'],
    ['two lists without a comma', '{"a":[1] [2]}'],
    ['a prototype', '{"a":[0],"b":1,"__proto__":[1]}'],
  ])('is as at once with %s', async (...[, text]) => {
    await expectAsAtOnce(text);
  });

  it('of a megabyte is parsed a little at a time, between which others get their turn', async () => {
    const work = new WorkPerTurn();
    const sizes: number[] = [];
    const list = Array.from({ length: 1000 }, (_, i) => ({ metadata: `${i}`.repeat(330) }));
    try {
      const read = await parseInSlices(Buffer.from(JSON.stringify({ keys: list })), (text) => {
        work.count();
        sizes.push(text.length);
        return JSON.parse(text);
      });
      expect(read).toEqual({ keys: list });
    } finally {
      work.stop();
    }
    expect(Math.max(...sizes)).toBeLessThan(40 * KIB);
    expect(work.total).toBeGreaterThan(20);
    // The last slice and what is around the lists are of one turn.
    expect(work.most).toBeLessThanOrEqual(2);
  });

  it('of many lists lets the others have their turn between them', async () => {
    const work = new WorkPerTurn();
    const lists = Array.from({ length: 32 }, (_, i) => [`list${i}`, Array(10_000).fill(1)]);
    const value = Object.fromEntries(lists) as object;
    try {
      const read = await parseInSlices(Buffer.from(JSON.stringify(value)), (text) => {
        work.count();
        return JSON.parse(text);
      });
      expect(read).toEqual(value);
    } finally {
      work.stop();
    }
    expect(work.total).toBeGreaterThan(32);
    // Two lists are more than a slice; the last ones and what is around them are of one turn.
    expect(work.most).toBeLessThanOrEqual(3);
  });

  it.each([
    ['one element', `{"keys":[1,${'['.repeat(40 * KIB)}${']'.repeat(40 * KIB)}]}`],
    ['what is before its lists', `{"more":"${'x'.repeat(65 * KIB)}","keys":[${'['.repeat(500_000)}`],
    ['what follows its lists', `{"keys":[${'1,'.repeat(10)}1],"more":"${'x'.repeat(65 * KIB)}"}`],
  ])('is refused, and that is not parsed, when %s is too large', async (...[, text]) => {
    const sizes: number[] = [];
    const reading = parseInSlices(Buffer.from(text), (part) => {
      sizes.push(part.length);
      return JSON.parse(part);
    });
    await expect(reading).rejects.toMatchObject({ code: 'validation_failed' });
    expect(Math.max(0, ...sizes)).toBeLessThan(KIB);
  });

  it('is parsed no further than a list may be long', async () => {
    let parsed = 0;
    const reading = parseInSlices(Buffer.from(`{"keys":[${'{},'.repeat(300_000)}{}]}`), (part) => {
      parsed += part.length;
      return JSON.parse(part);
    });
    await expect(reading).rejects.toMatchObject({ code: 'validation_failed' });
    expect(parsed).toBeLessThan(3 * 20_000);
    const longest = { keys: Array(20_000).fill(1) };
    expect(await parseInSlices(Buffer.from(JSON.stringify(longest)))).toEqual(longest);
  });
});
