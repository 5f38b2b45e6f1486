import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { PROPERTY_RUNS } from '../../../../test/support/property-runs.js';
import { hashOf, type AuditEntry, type AuditEvent } from './audit-entry.js';
import type { AuditHead } from './audit.repository.js';
import { ChainVerification, type AuditFinding } from './chain-verification.js';
import { CheckpointKeys, CheckpointSigner } from './checkpoint.js';

const CHAIN = '019b76da-a800-7000-8000-000000000001';
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const signer = new CheckpointSigner(privateKey);
const keys = new CheckpointKeys([privateKey]);

function event(name: string, more: Partial<AuditEvent> = {}): AuditEvent {
  return {
    action: 'ApiKeyChanged',
    actor: {
      issuer: 'local',
      subject: 'ann',
      tokenId: null,
      address: null,
      requestId: null,
      userAgent: null,
    },
    applicationId: CHAIN,
    target: { kind: 'api_key', id: name },
    before: { name: 'ä' },
    after: { name, numbers: [1e21, 0.1, -0] },
    ...more,
  };
}

function append(entries: AuditEntry[], what: AuditEvent): void {
  const last = entries.at(-1);
  const seq = (last?.seq ?? 0) + 1;
  const unhashed = {
    chain: CHAIN,
    event: what,
    previous: last?.hash ?? null,
    seq,
    time: '2026-05-27T10:00:00.000Z',
    hash: '',
  };
  entries.push({ ...unhashed, hash: hashOf(unhashed) });
}

function chainOf(length: number): AuditEntry[] {
  const entries: AuditEntry[] = [];
  for (let i = 1; i <= length; i += 1) append(entries, event(`key ${i}`));
  return entries;
}

const checkpointOf = ({ chain, seq, hash }: AuditEntry): AuditHead => ({ chain, seq, hash });

/** The same chain, as somebody leaves it who can write to the database, and has hashed what follows anew. */
function rehash(entries: readonly AuditEntry[], from: number): AuditEntry[] {
  const done: AuditEntry[] = [];
  for (const [i, entry] of entries.entries()) {
    if (i < from) done.push(entry);
    else {
      const unhashed = { ...entry, seq: (done.at(-1)?.seq ?? 0) + 1, previous: done.at(-1)?.hash ?? null };
      done.push({ ...unhashed, hash: hashOf(unhashed) });
    }
  }
  return done;
}

function verify(entries: readonly AuditEntry[], checkpoints: readonly AuditHead[] = []): AuditFinding | null {
  const verification = new ChainVerification(CHAIN, checkpoints);
  for (const entry of entries) {
    const finding = verification.add(entry);
    if (finding !== null) return finding;
  }
  return verification.end();
}

/** What somebody does to a chain, and the number of the first event that is not what it was. */
type Damage = (entries: AuditEntry[], at: number, other: number) => { entries: AuditEntry[]; first: number };

const DAMAGES: Record<string, Damage> = {
  'an event that was edited': (entries, at) => ({
    entries: entries.with(at, { ...entries[at]!, event: event('another') }),
    first: at + 1,
  }),
  'a time that was edited': (entries, at) => ({
    entries: entries.with(at, { ...entries[at]!, time: '2020-01-01T00:00:00.000Z' }),
    first: at + 1,
  }),
  'a hash that was edited': (entries, at) => ({
    entries: entries.with(at, { ...entries[at]!, hash: '0'.repeat(64) }),
    first: at + 1,
  }),
  'an event that was deleted': (entries, at) => ({ entries: entries.toSpliced(at, 1), first: at + 1 }),
  'an event that is there twice': (entries, at) => ({
    entries: entries.toSpliced(at, 0, entries[at]!),
    first: at + 1,
  }),
  'an event that was inserted': (entries, at) => {
    const forged = { ...entries[at]!, event: event('forged') };
    return { entries: entries.toSpliced(at, 0, { ...forged, hash: hashOf(forged) }), first: at + 1 };
  },
  'two events that changed places': (entries, at, other) => {
    const [a, b] = [Math.min(at, other), Math.max(at, other)];
    return { entries: entries.with(a, entries[b]!).with(b, entries[a]!), first: a + 1 };
  },
  'a tail that was cut off': (entries, at) => ({ entries: entries.slice(0, at), first: at + 1 }),
};

const places = fc.integer({ min: 2, max: 30 }).chain((length) =>
  fc.record({
    length: fc.constant(length),
    at: fc.integer({ min: 0, max: length - 1 }),
    by: fc.integer({ min: 1, max: length - 1 }),
    marks: fc.uniqueArray(fc.integer({ min: 0, max: length - 1 })),
  }),
);

describe('a chain', () => {
  it('as it was written is good, with whatever checkpoints there are of it', () => {
    fc.assert(
      fc.property(places, ({ length, marks }) => {
        const entries = chainOf(length);
        expect(
          verify(
            entries,
            marks.map((mark) => checkpointOf(entries[mark]!)),
          ),
        ).toBeNull();
      }),
      { numRuns: PROPERTY_RUNS },
    );
  });

  it.each(Object.keys(DAMAGES))('with %s is found, and the first event that is wrong is named', (name) => {
    fc.assert(
      fc.property(places, ({ length, at, by, marks }) => {
        const entries = chainOf(length);
        const checkpoints = [...marks, length - 1].map((mark) => checkpointOf(entries[mark]!));
        const damaged = DAMAGES[name]!(entries, at, (at + by) % length);
        const finding = verify(damaged.entries, checkpoints);
        // Of a forged event that a checkpoint contradicts it is known only that it stands behind the last good one.
        const isForged = name === 'an event that was inserted';
        const proven = Math.max(0, ...checkpoints.map(({ seq }) => seq).filter((seq) => seq < damaged.first));
        expect(finding?.seq).toBeGreaterThanOrEqual(isForged ? proven + 1 : damaged.first);
        expect(finding?.seq).toBeLessThanOrEqual(damaged.first);
      }),
      { numRuns: PROPERTY_RUNS },
    );
  });

  it.each(['an event that was edited', 'an event that was deleted', 'two events that changed places'])(
    'with %s and all that follows hashed anew is found by the next checkpoint',
    (name) => {
      fc.assert(
        fc.property(places, ({ length, at, by, marks }) => {
          const entries = chainOf(length);
          const checkpoints = [...marks, length - 1].map((mark) => checkpointOf(entries[mark]!));
          const damaged = DAMAGES[name]!(entries, at, (at + by) % length);
          const finding = verify(rehash(damaged.entries, damaged.first - 1), checkpoints);
          const proven = Math.max(
            0,
            ...checkpoints.map(({ seq }) => seq).filter((seq) => seq < damaged.first),
          );
          expect(finding?.seq).toBeGreaterThan(proven);
          // One event less looks like a tail that is missing, when no checkpoint stands before the end.
          const isShorter = damaged.entries.length < length;
          expect(finding?.seq).toBeLessThanOrEqual(isShorter ? length : damaged.first);
        }),
        { numRuns: PROPERTY_RUNS },
      );
    },
  );

  it('whose head was deleted is found, unless an event of it says so and a checkpoint stands for it', () => {
    const entries = chainOf(5);
    const stub = checkpointOf(entries[1]!);
    expect(verify(entries.slice(2))?.seq).toBe(1);
    expect(verify(entries.slice(2), [stub])?.seq).toBe(1);
    append(
      entries,
      event('x', {
        action: 'AuditTrailPruned',
        target: { kind: 'audit_chain', id: CHAIN },
        after: { until: 2 },
      }),
    );
    expect(verify(entries.slice(2), [stub])).toBeNull();
    expect(verify(entries.slice(2))?.seq).toBe(1);
    expect(verify(entries.slice(3), [stub, checkpointOf(entries[2]!)])?.seq).toBe(1);
    expect(verify(entries.slice(2), [{ ...stub, hash: '0'.repeat(64) }])?.seq).toBe(3);
  });

  it('whose head was deleted by two whose events stand in the opposite order is good', () => {
    const entries = chainOf(5);
    const stub = checkpointOf(entries[2]!);
    for (const until of [3, 2]) {
      const target = { kind: 'audit_chain', id: CHAIN };
      append(entries, event('x', { action: 'AuditTrailPruned', target, after: { until } }));
    }
    expect(verify(entries.slice(3), [stub])).toBeNull();
    expect(verify(entries.slice(4), [checkpointOf(entries[3]!)])?.seq).toBe(1);
  });

  it('does not take an event of another chain for its own', () => {
    const entries = chainOf(3);
    const another = { ...entries[2]!, chain: 'service-00' };
    expect(verify([...entries.slice(0, 2), { ...another, hash: hashOf(another) }])?.seq).toBe(3);
  });

  it('of which only a checkpoint is left is missing', () => {
    expect(verify([], [checkpointOf(chainOf(7)[6]!)])).toMatchObject({ chain: CHAIN, seq: 1 });
  });
});

describe('a checkpoint', () => {
  const checkpoint = { ...checkpointOf(chainOf(3)[2]!), time: '2026-05-27T10:00:00.000Z' };

  it('reads back as what was signed', () => {
    expect(keys.read(signer.sign(checkpoint))).toEqual(checkpoint);
    expect(CheckpointKeys.ofJwks({ keys: keys.published }).read(signer.sign(checkpoint))).toEqual(checkpoint);
  });

  it('is none when a single character of it differs', () => {
    const jws = signer.sign(checkpoint);
    for (let i = 0; i < jws.length; i += 1) {
      // The last character of a part may hold bits that say nothing.
      if (jws[i] === '.' || jws[i + 1] === '.' || i === jws.length - 1) continue;
      const changed = jws.slice(0, i) + (jws[i] === 'A' ? 'B' : 'A') + jws.slice(i + 1);
      if (changed !== jws) expect(keys.read(changed)).toBeNull();
    }
  });

  it.each([
    [
      'another key',
      () =>
        new CheckpointSigner(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey).sign(checkpoint),
    ],
    ['no signature', () => signer.sign(checkpoint).replace(/[^.]*$/, '')],
    ['no JWS', () => 'x'],
    ['nothing', () => ''],
  ])('is none with %s', (_, make) => {
    expect(keys.read(make())).toBeNull();
  });
});
