export { IdempotencyModule } from './idempotency.module.js';
export { IdempotencyService, type AnswerCodec, type Keep } from './application/idempotency.service.js';
export { type RepeatableCall } from './domain/repeatable-call.js';
export { Repeatable } from './http/repeatable.decorator.js';
