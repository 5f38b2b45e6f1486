import { describe, expect, it } from '@jest/globals';
import { EVERYTHING, type Change, type EntityRef } from '../domain/change.js';
import { AppliedChanges } from './applied-changes.js';

describe('Following the feed', () => {
  it('starts from the present with nothing known', () => {
    const { applied, heard } = follower();
    applied.take(answer(7, []));
    expect(applied.last).toBe(7);
    expect(heard).toEqual(['reset']);
  });

  it('applies each change once, however often it is read', () => {
    const { applied, heard } = follower();
    applied.take(answer(7, []));
    heard.length = 0;
    applied.take(answer(9, [change(7, 'a'), change(8, 'b'), change(8, 'c'), change(9, 'd')]));
    applied.take(answer(9, [change(9, 'd')]));
    expect(heard).toEqual(['b', 'c', 'd']);
    expect(applied.last).toBe(9);
  });

  it.each([
    ['has been trimmed', [change(9, 'd')]],
    ['was put back to an earlier state', []],
    ['has more than is worth reading', []],
  ])('forgets everything when the feed %s', (_why, changes) => {
    const { applied, heard } = follower();
    applied.take(answer(7, []));
    heard.length = 0;
    applied.take(answer(9, changes));
    expect(heard).toEqual(['reset']);
    expect(applied.last).toBe(9);
  });

  it('forgets everything when a change was too large to be told', () => {
    const { applied, heard } = follower();
    applied.take(answer(7, []));
    heard.length = 0;
    applied.take(answer(8, [change(7, 'a'), { number: 8, kind: EVERYTHING, id: '' }]));
    expect(heard).toEqual(['reset']);
  });

  it('counts nothing as applied when a listener fails, and applies it again', () => {
    const applied = new AppliedChanges();
    let fails = true;
    const heard: string[] = [];
    applied.subscribe({
      onChange: ({ id }) => {
        if (fails) throw new Error('a bug');
        heard.push(id);
      },
      onReset: () => undefined,
    });
    applied.take(answer(7, []));
    const next = answer(8, [change(7, 'a'), change(8, 'b')]);
    expect(() => {
      applied.take(next);
    }).toThrow('a bug');
    expect(applied.last).toBe(7);
    fails = false;
    applied.take(next);
    expect(heard).toEqual(['b']);
  });
});

function follower() {
  const heard: string[] = [];
  const applied = new AppliedChanges();
  applied.subscribe({
    onChange: ({ id }: EntityRef) => heard.push(id),
    onReset: () => heard.push('reset'),
  });
  return { applied, heard };
}

function answer(last: number, changes: Change[]) {
  return { last, changes, nodes: [] };
}

function change(number: number, id: string): Change {
  return { number, kind: 'api_key', id };
}
