import { describe, expect, it } from '@jest/globals';
import { setImmediate } from 'node:timers/promises';
import { personActor } from '../../shared/actor.js';
import { WorkPerTurn } from '../../../test/support/work-per-turn.js';
import type { DomainEvent, EventFields } from '../../shared/domain-event.js';
import { eventsAsJson, manyEventsAsJson } from './event-subscribers.js';

const actor = personActor(
  { issuer: 'local', subject: 'ann' },
  { address: '192.0.2.1', requestId: 'r', userAgent: 'curl' },
);
const event = (id: number): DomainEvent => ({
  name: 'ApiKeyIssued',
  applicationId: 'a',
  target: { kind: 'api_key', id: String(id) },
  before: null,
  after: { name: `key ${id}` },
});

describe('many events', () => {
  const events = Array.from({ length: 1000 }, (_, id) => ({ event: event(id), actor }));

  it('are written as few are, while others get their turn', async () => {
    let turns = 0;
    const isWritten = new AbortController();
    const others = (async () => {
      for (; !isWritten.signal.aborted; turns += 1) await setImmediate();
    })();
    const json = await manyEventsAsJson(events);
    isWritten.abort();
    await others;
    expect(json).toBe(eventsAsJson(events));
    expect(turns).toBeGreaterThanOrEqual(20);
  });

  it('are written a few at a time when they are large', async () => {
    const work = new WorkPerTurn();
    const large = Array.from({ length: 40 }, (_, id) => ({
      event: {
        ...event(id),
        get after(): EventFields {
          work.count();
          return { metadata: 'x'.repeat(16 * 1024) };
        },
      },
      actor,
    }));
    await manyEventsAsJson(large);
    work.stop();
    // Each is read twice.
    expect(work.total).toBe(80);
    expect(work.most).toBeLessThanOrEqual(8);
  });
});
