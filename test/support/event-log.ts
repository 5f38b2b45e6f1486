import { EventSubscribers } from '../../src/infrastructure/database/event-subscribers.js';
import type { Actor } from '../../src/shared/actor.js';
import type { DomainEvent } from '../../src/shared/domain-event.js';
import type { TestApp } from './test-app.js';

const HOLD = 7_305_808_899;

export type LoggedEvent = DomainEvent & { actor: Actor };

/** Subscribes to the events of an application, and writes them into a table of its own. */
export class EventLog {
  /** The advisory lock that holds up whatever is called "held by the log". */
  static readonly HOLD = HOLD;

  private constructor(private readonly app: TestApp) {}

  static async of(app: TestApp): Promise<EventLog> {
    await app.query('CREATE TABLE logged_events (place bigserial PRIMARY KEY, event jsonb NOT NULL)');
    // The role that serves may call it, and cannot touch the table. It refuses the events of whatever is called
    // "refused by the log".
    await app.query(`
      CREATE FUNCTION log_events(events jsonb) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
      BEGIN
        IF events @? '$[*].after.name ? (@ == "refused by the log")' THEN RAISE 'refused by the log'; END IF;
        IF events @? '$[*].after.name ? (@ == "held by the log")' THEN
          PERFORM pg_advisory_xact_lock_shared(${HOLD});
        END IF;
        INSERT INTO logged_events (event) SELECT value FROM jsonb_array_elements(events);
      END
      $$`);
    app.nest.get(EventSubscribers).subscribe({ expression: (events) => `log_events(${events})` });
    return new EventLog(app);
  }

  async all(): Promise<LoggedEvent[]> {
    const rows = await this.app.query('SELECT event FROM logged_events ORDER BY place');
    return (rows as { event: LoggedEvent }[]).map(({ event }) => event);
  }

  /** The events that `work` has led to. Nothing else may be under way. */
  async during(work: () => Promise<unknown>): Promise<LoggedEvent[]> {
    const before = await this.all();
    await work();
    return (await this.all()).slice(before.length);
  }
}
