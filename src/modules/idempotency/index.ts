export { IdempotencyModule } from './idempotency.module.js';
export { IdempotencyService, type AnswerCodec, type StoreAnswer } from './application/idempotency.service.js';
export { type IdempotentRequest } from './domain/idempotent-request.js';
export { Idempotent } from './http/idempotent.decorator.js';
