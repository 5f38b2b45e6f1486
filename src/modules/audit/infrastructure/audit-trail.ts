import { Injectable } from '@nestjs/common';
import { EventSubscribers } from '../../../infrastructure/database/event-subscribers.js';

/** The class of the advisory locks of the chains, as `append_audit_events` takes them. */
const LOCKS = 7_305_809;

/** Has every event of every change appended to the audit trail, in the transaction of the change. */
@Injectable()
export class AuditTrail {
  constructor(subscribers: EventSubscribers) {
    subscribers.subscribe({
      expression: (events) => `append_audit_events(${events})`,
      tryLock: (applicationId) =>
        `pg_try_advisory_xact_lock(${LOCKS}, hashtext((${applicationId})::uuid::text))`,
    });
  }
}
