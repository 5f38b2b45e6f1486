import type { Actor } from '../../shared/actor.js';
import type { DomainEvent } from '../../shared/domain-event.js';

/** Writes events, in the transaction of the changes that they tell of. When it fails, nothing was changed. */
export interface EventSubscriber {
  /**
   * An SQL expression that writes the events of a `jsonb` array, such as `append_audit_events(${events})`. Each is a
   * `DomainEvent` with its `actor`, in the order in which they happened.
   *
   * It is called last in its transaction, or in the statement that inserts new keys of several applications and
   * actors; the key counts of their applications are locked by then. It must be volatile, and must lock what it locks
   * in the order of the applications' ids.
   */
  expression(events: string): string;
}

/** Everybody to whom the events of changes are handed. They subscribe while the service starts. */
export class EventSubscribers {
  private readonly subscribers: EventSubscriber[] = [];

  subscribe(subscriber: EventSubscriber): void {
    this.subscribers.push(subscriber);
  }

  get count(): number {
    return this.subscribers.length;
  }

  /** A select list that hands them all the events of one `jsonb` array. */
  selectList(events: string): string {
    return this.subscribers.map((subscriber) => subscriber.expression(events)).join(', ');
  }
}

/** Events as the subscribers get them. */
export function eventsAsJson(events: readonly { event: DomainEvent; actor: Actor }[]): string {
  return JSON.stringify(
    events.map(({ event: { name, applicationId, target, before, after }, actor }) => {
      const { issuer, subject, tokenId, address, requestId } = actor;
      return {
        name,
        applicationId,
        target,
        before,
        after,
        actor: { issuer, subject, tokenId, address, requestId },
      };
    }),
  );
}
