import { Injectable, type OnModuleInit } from '@nestjs/common';
import { EventSubscribers } from '../../../infrastructure/database/event-subscribers.js';

/** Has what webhooks are to be sent written in the transaction of the change that it tells of. */
@Injectable()
export class WebhookOutbox implements OnModuleInit {
  constructor(private readonly subscribers: EventSubscribers) {}

  /**
   * Not when it is made: the audit trail subscribes then, and its locks, one for each application, must be taken before
   * that of what a webhook had no room for. So this one needs no lock of its own, and issuing keys waits for none more.
   */
  onModuleInit(): void {
    this.subscribers.subscribe({ expression: (events) => `append_webhook_events(${events})` });
  }
}
