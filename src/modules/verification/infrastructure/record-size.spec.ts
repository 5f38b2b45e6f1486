import { describe, expect, it } from '@jest/globals';
import { randomBytes, randomUUID } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { FreshCache, onEntity } from '../../freshness/index.js';
import type { VerificationRecord } from '../domain/verification.js';
import { sizeOfRecord } from './record-size.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const MIB = 1024 * 1024;

/** As it comes out of a row: no two share a text. */
function record(more: () => Partial<VerificationRecord> = () => ({})): VerificationRecord {
  return {
    ...(JSON.parse(
      JSON.stringify({
        keyId: randomUUID(),
        applicationId: randomUUID(),
        ownerId: randomUUID(),
        ownerIssuer: null,
        name: randomBytes(8).toString('hex'),
        environment: 'live',
        scopes: ['telemetry:write'],
        metadata: '{}',
        revoked: false,
        enabled: true,
        expiresAt: 1_900_000_000_000,
        externalId: null,
        addresses: null,
        secretId: randomUUID(),
        secretExpiresAt: null,
        startsOverlap: false,
        metering: null,
      }),
    ) as VerificationRecord),
    ...more(),
  };
}

/** Bytes of this process, when nothing is left of what it has done. */
function memory(): number {
  collectGarbage();
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function cacheOf(bytes: number): FreshCache<VerificationRecord> {
  return new FreshCache<VerificationRecord>(
    { held: () => true, beginFill: () => 0, mayFill: () => true, subscribe: () => undefined },
    {
      entries: 100_000,
      bytes,
      sizeOf: sizeOfRecord,
      unknownEntries: 1,
      unknownMs: 1000,
      dependenciesOf: ({ keyId, applicationId }) => [
        onEntity('api_key', keyId),
        onEntity('application', applicationId ?? ''),
      ],
      dependenciesOfUnknown: [],
    },
  );
}

describe('the size of a record in the cache', () => {
  it.each([
    ['no metadata', 20_000, () => ({})],
    [
      '16 KiB of metadata',
      2000,
      () => ({ metadata: JSON.stringify({ a: randomBytes(8000).toString('hex') }) }),
    ],
    [
      'metadata in other scripts',
      2000,
      () => ({ metadata: JSON.stringify({ a: `ж${randomBytes(2000).toString('hex')}` }) }),
    ],
    [
      '100 scopes',
      2000,
      () => ({ scopes: Array.from({ length: 100 }, () => randomBytes(16).toString('hex')) }),
    ],
  ])('with %s is at least what it takes, and not many times that', (_, count, more) => {
    const cache = cacheOf(1024 * MIB);
    const before = memory();
    for (let i = 0; i < count; i++) cache.fill(0, randomBytes(32).toString('latin1'), record(more));
    const taken = memory() - before;
    const { values, bytes } = cache.size;
    expect(values).toBe(count);
    expect(bytes).toBeGreaterThan(0.9 * taken);
    expect(bytes).toBeLessThan(3 * taken);
  });

  it('keeps 10,000 records with 16 KiB of metadata within the memory of the cache', () => {
    const cache = cacheOf(8 * MIB);
    const before = memory();
    for (let i = 0; i < 10_000; i++) {
      const metadata = JSON.stringify({ a: randomBytes(8000).toString('hex') });
      cache.fill(
        0,
        randomBytes(32).toString('latin1'),
        record(() => ({ metadata })),
      );
    }
    expect(memory() - before).toBeLessThan(10 * MIB);
    expect(cache.size.bytes).toBeLessThanOrEqual(8 * MIB);
    expect(cache.size.values).toBeGreaterThan(400);
  });
});
