import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FakeClock } from '../../../test/support/fake-clock.js';
import { DatabaseClock } from './database-clock.js';

const HOUR = 3_600_000;

/** An answer: what it took to come to the database, and back. */
const ANSWER = fc.record({
  /** Milliseconds that pass before it is asked for. */
  after: fc.nat({ max: 100_000 }),
  there: fc.nat({ max: 10_000 }),
  back: fc.nat({ max: 10_000 }),
});

/** A database whose clock is that much ahead of ours, and may be put. */
class Database {
  constructor(
    private readonly clock: FakeClock,
    public ahead: number,
  ) {}

  now(): number {
    return this.clock.now().getTime() + this.ahead;
  }
}

function ask(clock: FakeClock, ours: DatabaseClock, database: Database, there: number, back: number): void {
  const sent = ours.monotonic();
  clock.advance(there);
  const time = database.now();
  clock.advance(back);
  ours.set(time, sent);
}

describe("The database's clock", () => {
  it('is not guessed before the database has said its time', () => {
    const ours = new DatabaseClock(new FakeClock());
    expect(() => ours.now()).toThrow(expect.objectContaining({ code: 'service_unavailable' }));
    ours.set(HOUR, 0);
    expect(ours.now()).toEqual(new Date(HOUR));
  });

  it('is not put back by a late answer, nor forward', () => {
    const clock = new FakeClock();
    const ours = new DatabaseClock(clock);
    const database = new Database(clock, HOUR);
    ask(clock, ours, database, 0, 0);
    ask(clock, ours, database, 0, 5000);
    expect(ours.epochMs()).toBe(database.now());
    ask(clock, ours, database, 5000, 0);
    expect(ours.epochMs()).toBe(database.now());
  });

  it('is never further off than the last answer took, though it is put forward and back', () => {
    const step = fc.record({ answer: ANSWER, put: fc.integer({ min: -HOUR, max: HOUR }) });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const clock = new FakeClock();
        const ours = new DatabaseClock(clock);
        const database = new Database(clock, 0);
        for (const { answer, put } of steps) {
          database.ahead += put;
          clock.advance(answer.after);
          ask(clock, ours, database, answer.there, answer.back);
          expect(Math.abs(ours.epochMs() - database.now())).toBeLessThanOrEqual(answer.there + answer.back);
        }
      }),
    );
  });

  it('becomes no less right by any answer, however late, while nobody puts it', () => {
    fc.assert(
      fc.property(fc.integer({ min: -HOUR, max: HOUR }), fc.array(ANSWER), (ahead, answers) => {
        const clock = new FakeClock();
        const ours = new DatabaseClock(clock);
        const database = new Database(clock, ahead);
        let error = Infinity;
        for (const { after, there, back } of answers) {
          clock.advance(after);
          ask(clock, ours, database, there, back);
          const now = Math.abs(ours.epochMs() - database.now());
          expect(now).toBeLessThanOrEqual(error);
          error = now;
        }
      }),
    );
  });

  it('is not certain after the machine slept, until the database has answered a question sent since', () => {
    const clock = new FakeClock();
    const ours = new DatabaseClock(clock);
    const asked = clock.monotonic();
    ours.set(HOUR, asked);
    clock.advance(10);
    expect(ours.isCertain()).toBe(true);
    clock.sleep(HOUR);
    clock.advance(10);
    expect(ours.isCertain()).toBe(false);
    // It was on its way all the time.
    ours.set(HOUR + 5, asked);
    expect(ours.isCertain()).toBe(false);
    ours.set(2 * HOUR + 20, clock.monotonic());
    expect(ours.isCertain()).toBe(true);
    expect(ours.epochMs()).toBe(2 * HOUR + 20);
  });

  it('is not certain though the first to notice that the machine slept is the answer from before', () => {
    const clock = new FakeClock();
    const ours = new DatabaseClock(clock);
    const asked = clock.monotonic();
    clock.advance(10);
    clock.sleep(HOUR);
    ours.set(HOUR, asked);
    expect(ours.isCertain()).toBe(false);
  });

  it('takes answers in whatever order they arrive', () => {
    const answer = fc.record({
      sentAt: fc.nat({ max: 10_000 }),
      there: fc.nat({ max: 5000 }),
      back: fc.nat({ max: 5000 }),
    });
    fc.assert(
      fc.property(fc.array(answer, { minLength: 1 }), (answers) => {
        const clock = new FakeClock(new Date(0));
        const ours = new DatabaseClock(clock);
        const arriving = answers
          .map(({ sentAt, there, back }) => ({
            sentAt,
            at: sentAt + there,
            arrivesAt: sentAt + there + back,
          }))
          .sort((a, b) => a.arrivesAt - b.arrivesAt);
        for (const { sentAt, at, arrivesAt } of arriving) {
          clock.advance(arrivesAt - clock.monotonic());
          ours.set(HOUR + at, sentAt);
        }
        const quickest = Math.min(...arriving.map(({ sentAt, arrivesAt }) => arrivesAt - sentAt));
        expect(Math.abs(ours.epochMs() - (HOUR + clock.monotonic()))).toBeLessThanOrEqual(quickest);
      }),
    );
  });
});
