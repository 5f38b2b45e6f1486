import { beforeEach, describe, expect, it } from '@jest/globals';
import { AppliedChanges } from '../application/applied-changes.js';
import { onKind, onEntity } from '../domain/change.js';
import { FreshCache } from './fresh-cache.js';

interface Value {
  id: string;
  group: string;
}

describe('A fresh cache', () => {
  let applied: AppliedChanges;
  let isHeld: boolean;
  let number: number;
  let cache: FreshCache<Value>;
  let reads: { key: string; answer: (value: Value | null) => void; fail: () => void }[];

  beforeEach(() => {
    applied = new AppliedChanges();
    isHeld = true;
    number = 1;
    reads = [];
    cache = new FreshCache<Value>(
      {
        held: () => isHeld,
        beginFill: () => applied.beginFill(),
        mayFill: (ticket, dependencies) => applied.mayFill(ticket, dependencies),
        subscribe: (listener) => {
          applied.subscribe(listener);
        },
      },
      {
        entries: 3,
        bytes: 100,
        sizeOf: ({ group }) => group.length,
        unknownEntries: 3,
        unknownMs: 60_000,
        dependenciesOf: ({ id, group }) => [onEntity('thing', id), onEntity('group', group)],
        dependenciesOfUnknown: [onKind('import')],
      },
    );
    applied.take({ last: number, changes: [], nodes: [] });
  });

  it('answers from memory under the lease, and only then', async () => {
    await fill('a');
    expect(cache.recall('a')).toEqual(thing('a'));
    isHeld = false;
    expect(cache.recall('a')).toBeUndefined();
    expect(cache.remembered('a')).toEqual(thing('a'));
  });

  it('forgets everything at once, however much it is', () => {
    const looked: string[] = [];
    const large = new FreshCache<Value>(
      { held: () => true, beginFill: () => 0, mayFill: () => true, subscribe: () => undefined },
      {
        entries: 1000,
        bytes: 100_000,
        sizeOf: () => 1,
        unknownEntries: 3,
        unknownMs: 60_000,
        dependenciesOf: ({ id }) => {
          looked.push(id);
          return [onEntity('thing', id)];
        },
        dependenciesOfUnknown: [],
      },
    );
    for (let i = 0; i < 1000; i += 1) large.fill(0, String(i), thing(String(i)));
    looked.length = 0;
    large.onReset();
    expect(looked).toEqual([]);
    expect(large.size).toEqual({ values: 0, bytes: 0, unknown: 0, dependencies: 0 });
    large.fill(0, 'a', thing('a'));
    expect(large.recall('a')).toEqual(thing('a'));
    large.onChange({ kind: 'thing', id: 'a' });
    expect(large.recall('a')).toBeUndefined();
  });

  it('forgets what a change concerns, and nothing else', async () => {
    await fill('a');
    await fill('b', 'other group');
    change('thing', 'a');
    expect(cache.recall('a')).toBeUndefined();
    expect(cache.recall('b')).toBeDefined();
    change('group', 'other group');
    expect(cache.recall('b')).toBeUndefined();
    expect(cache.size).toEqual({ values: 0, bytes: 0, unknown: 0, dependencies: 0 });
  });

  it('makes one read for a thousand who ask for a key at once', async () => {
    const answers = Array.from({ length: 1000 }, () => read('a'));
    expect(reads).toHaveLength(1);
    reads[0]!.answer(thing('a'));
    expect(new Set((await Promise.all(answers)).map((value) => value?.id))).toEqual(new Set(['a']));
    expect(cache.recall('a')).toEqual(thing('a'));
  });

  it('gives nobody what changed before they asked, though they joined an earlier read', async () => {
    const first = read('a');
    change('thing', 'a');
    const second = read('a');
    expect(reads).toHaveLength(1);
    reads[0]!.answer(thing('a'));
    await first;
    await settled();
    expect(reads).toHaveLength(2);
    reads[1]!.answer(null);
    expect(await second).toBeNull();
    expect(cache.recall('a')).toBeNull();
  });

  it('lets nobody join without the lease', async () => {
    isHeld = false;
    const both = [read('a'), read('a')];
    expect(reads).toHaveLength(2);
    for (const { answer } of reads) answer(thing('a'));
    await Promise.all(both);
  });

  it('tells all who wait that a read failed, and reads again for the next', async () => {
    const both = [read('a'), read('a')];
    const outcomes = Promise.allSettled(both);
    reads[0]!.fail();
    expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    void read('a');
    expect(reads).toHaveLength(2);
  });

  it('forgets what it knew to be unknown when such keys may have come', async () => {
    await fill('a', 'a group', null);
    expect(cache.recall('a')).toBeNull();
    change('thing', 'a');
    expect(cache.recall('a')).toBeNull();
    change('import', 'x');
    expect(cache.recall('a')).toBeUndefined();

    const late = read('b');
    change('import', 'y');
    reads.at(-1)!.answer(null);
    await late;
    expect(cache.recall('b')).toBeUndefined();
  });

  it('keeps a bounded number of either, and a flood of unknown keys costs no value its place', async () => {
    await fill('a');
    for (let index = 0; index < 10; index += 1) await fill(`unknown-${index}`, 'a group', null);
    expect(cache.recall('a')).toBeDefined();
    for (let index = 0; index < 10; index += 1) await fill(`known-${index}`);
    expect(cache.size).toMatchObject({ values: 3, unknown: 3, dependencies: 4 });
  });

  it('never takes more memory than it may, and keeps nothing of what is too large for it', async () => {
    for (const key of ['a', 'b', 'c']) await fill(key, 'g'.repeat(40));
    expect(cache.size).toEqual({ values: 2, bytes: 80, unknown: 0, dependencies: 3 });
    expect(cache.recall('a')).toBeUndefined();
    await fill('d', 'g'.repeat(101));
    expect(cache.recall('d')).toBeUndefined();
    expect(cache.size).toEqual({ values: 2, bytes: 80, unknown: 0, dependencies: 3 });
  });

  it('forgets everything when it cannot tell what has changed', async () => {
    await fill('a');
    await fill('b', 'a group', null);
    applied.take({ last: 99, changes: [], nodes: [] });
    expect(cache.size).toEqual({ values: 0, bytes: 0, unknown: 0, dependencies: 0 });
  });

  function read(key: string): Promise<Value | null> {
    return cache.read(
      key,
      (asked) =>
        new Promise((resolve, reject) => {
          reads.push({
            key: asked,
            answer: resolve,
            fail: () => {
              reject(new Error('away'));
            },
          });
        }),
    );
  }

  async function fill(
    key: string,
    group = 'a group',
    value: Value | null = thing(key, group),
  ): Promise<void> {
    const filled = read(key);
    reads.at(-1)!.answer(value);
    await filled;
  }

  function change(kind: string, id: string): void {
    const changes = [
      { number, kind: 'start', id: '' },
      { number: number + 1, kind, id },
    ];
    number += 1;
    applied.take({ last: number, changes, nodes: [] });
  }
});

function thing(id: string, group = 'a group'): Value {
  return { id, group };
}

async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
