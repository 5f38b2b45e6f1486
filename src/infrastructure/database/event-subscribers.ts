import { setImmediate } from 'node:timers/promises';
import type { Actor } from '../../shared/actor.js';
import { canonicalJson } from '../../shared/canonical-json.js';
import type { DomainEvent } from '../../shared/domain-event.js';
import { printable } from '../logging/printable.js';
import { holdsSecret, REDACTED } from '../logging/scrub.js';
import { recordedFields } from './recorded-fields.js';

/** Characters of a `User-Agent` that are kept. */
const MAX_USER_AGENT = 256;

/** Events that are written before the event loop serves other requests, and characters of them: some are large. */
const SLICE = { events: 50, characters: 64 * 1024 };

/** Writes events, in the transaction of the changes that they tell of. When it fails, nothing was changed. */
export interface EventSubscriber {
  /**
   * An SQL expression that writes the events of a `jsonb` array, such as `append_audit_events(${events})`. Each is a
   * `DomainEvent` with its `actor`, in the order in which they happened. Its `canonical` is the text of
   * `canonicalEvent`, which jsonb would not keep byte for byte.
   *
   * It is called last in its transaction, or in the statement that inserts new keys of several applications and
   * actors; the key counts of their applications are locked by then. It must be volatile, and must lock what it locks
   * in one order for everybody.
   */
  expression(events: string): string;
  /**
   * An SQL expression for whether what it locks for an application is free; then it is locked. The statement that
   * inserts new keys waits for nobody, and so leaves out the keys of applications for which that is false.
   */
  readonly tryLock?: (applicationId: string) => string;
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

  /** SQL for whether nobody who subscribes has to be waited for to write events of an application. */
  tryLock(applicationId: string): string {
    return ['true', ...this.subscribers.flatMap(({ tryLock }) => tryLock?.(applicationId) ?? [])].join(
      ' AND ',
    );
  }

  /** A select list that hands them all the events of one `jsonb` array. */
  selectList(events: string): string {
    return this.subscribers.map((subscriber) => subscriber.expression(events)).join(', ');
  }
}

/** An event, and who has made it happen. */
interface EventOf {
  readonly event: DomainEvent;
  readonly actor: Actor;
}

/** Events as the subscribers get them. */
export function eventsAsJson(events: readonly EventOf[]): string {
  return `[${events.map(eventAsJson).join(',')}]`;
}

/** The same of very many: others get their turn while it is written. */
export async function manyEventsAsJson(events: readonly EventOf[]): Promise<string> {
  const texts: string[] = [];
  let slice = { events: 0, characters: 0 };
  for (const event of events) {
    if (slice.events >= SLICE.events || slice.characters >= SLICE.characters) {
      await setImmediate();
      slice = { events: 0, characters: 0 };
    }
    const text = eventAsJson(event);
    slice.events += 1;
    slice.characters += text.length;
    texts.push(text);
  }
  return `[${texts.join(',')}]`;
}

function eventAsJson({ event, actor }: EventOf): string {
  const { name, applicationId, target, before, after } = event;
  return JSON.stringify({
    name,
    applicationId,
    target,
    before,
    after,
    actor: fieldsOf(actor),
    canonical: canonicalEvent({ event, actor }),
  });
}

/** An event with its actor as the audit trail keeps it, in the canonical form of RFC 8785. */
function canonicalEvent({ event, actor }: EventOf): string {
  const { name: action, applicationId, target } = event;
  const [before, after] = [recordedFields(event.before), recordedFields(event.after)];
  return canonicalJson({ action, applicationId, target, before, after, actor: fieldsOf(actor) });
}

/** Without a trace, the form is that of the events of before there were traces. */
function fieldsOf({ issuer, subject, tokenId, address, requestId, userAgent, traceId }: Actor): object {
  return {
    issuer,
    subject,
    tokenId,
    address,
    requestId,
    userAgent: userAgent && recordable(userAgent),
    ...(traceId !== undefined && { traceId }),
  };
}

/** What a client calls itself is anything at all: a secret, too, by mistake. */
function recordable(userAgent: string): string {
  return holdsSecret(userAgent) ? REDACTED : printable(userAgent).slice(0, MAX_USER_AGENT);
}
