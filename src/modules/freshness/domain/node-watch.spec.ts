import { describe, expect, it } from '@jest/globals';
import { NodeWatch, type NodeRow } from './node-watch.js';

describe('The watch over the nodes', () => {
  it('takes a lease to be over one lease after its renewal was first seen', () => {
    const watch = new NodeWatch();
    watch.note([row({ renewal: 1 })], 100);
    watch.note([row({ renewal: 1 })], 900);
    expect(watch.lapsesAt('node')).toBe(1100);
  });

  it('begins anew with each renewal', () => {
    const watch = new NodeWatch();
    watch.note([row({ renewal: 1 })], 100);
    watch.note([row({ renewal: 2 })], 900);
    expect(watch.lapsesAt('node')).toBe(1900);
  });

  it('is not misled by an answer that was overtaken by a newer one', () => {
    const watch = new NodeWatch();
    watch.note([row({ renewal: 2 })], 100);
    watch.note([row({ renewal: 1 })], 500);
    watch.note([row({ renewal: 2 })], 600);
    expect(watch.lapsesAt('node')).toBe(1100);
  });

  it('knows nothing of a node it has not seen, so that nobody takes its lease to be over', () => {
    expect(new NodeWatch().lapsesAt('node')).toBe(Infinity);
  });

  it('names the nodes that have been silent, never before their lease is over', () => {
    const watch = new NodeWatch();
    watch.note([row({ renewal: 7 }), row({ id: 'patient', leaseMs: 10_000 })], 0);
    expect(watch.silentFor(2000, 1500)).toEqual([]);
    expect(watch.silentFor(2000, 2500)).toEqual([{ id: 'node', renewal: 7 }]);
    watch.note([row({ id: 'late', renewal: 3 })], 1000);
    expect(watch.silentFor(2000, 3000)).toEqual([{ id: 'node', renewal: 7 }]);
    expect(watch.silentFor(3000, 3000)).toEqual([]);
    watch.forget('node');
    expect(watch.silentFor(2000, 2500)).toEqual([]);
  });
});

function row(fields: Partial<NodeRow>): NodeRow {
  return { id: 'node', renewal: 1, applied: 1, leaseMs: 1000, ...fields };
}
