import { MAX_SCOPES, SCOPE_PATTERN } from '../../../shared/key-scopes.js';
import { MAX_CREDITS } from '../../metering/index.js';
import { VERDICT_CODES } from '../domain/verification.js';

/*
 * Verification is asked thousands of times a second: Fastify compiles these schemas once, and no class-validator
 * runs. The OpenAPI document is made from the same schemas.
 */
const UUID = { type: 'string', format: 'uuid' } as const;

const CREDITS = {
  type: 'object',
  required: ['remaining'],
  properties: { remaining: { type: 'integer' } },
} as const;

export const NO_QUERY = { type: 'object', additionalProperties: false } as const;

export const VERIFY_BODY = {
  type: 'object',
  required: ['key'],
  additionalProperties: false,
  properties: {
    key: { type: 'string', description: 'The key as it was received. Any string at all is answered.' },
    applicationId: { ...UUID, description: 'Refuses keys of any other application.' },
    scopes: {
      type: 'array',
      maxItems: MAX_SCOPES,
      items: { type: 'string', pattern: SCOPE_PATTERN },
      description: 'The scopes that are needed, all of them.',
    },
    ip: {
      type: 'string',
      anyOf: [{ format: 'ipv4' }, { format: 'ipv6' }],
      description: 'The address of the client that sent the key, for keys that are bound to addresses.',
    },
    cost: {
      type: 'integer',
      minimum: 0,
      maximum: MAX_CREDITS,
      default: 1,
      description: 'Credits that it costs, where the key or its application has credits; 0 only asks.',
    },
  },
} as const;

export const VERIFY_ANSWER = {
  type: 'object',
  required: ['valid', 'code'],
  properties: {
    valid: { type: 'boolean' },
    code: {
      type: 'string',
      enum: VERDICT_CODES,
    },
    keyId: UUID,
    applicationId: UUID,
    ownerId: { type: 'string', description: "The `sub` of the application's owner." },
    ownerIssuer: { type: 'string', description: 'Their issuer, when it is another one than this service.' },
    name: { type: 'string' },
    environment: { type: 'string', enum: ['live', 'test'] },
    scopes: { type: 'array', items: { type: 'string' } },
    metadata: { type: 'object', additionalProperties: true },
    expiresAt: { type: 'string', format: 'date-time', nullable: true },
    warning: {
      type: 'string',
      enum: ['EXPIRES_SOON'],
      description: 'The key, or the secret that was used, stops working within seven days.',
    },
    externalId: { type: 'string', description: 'The customer that the key was made for.' },
    secretId: { ...UUID, description: 'Which secret of the key was used.' },
    secretExpiresAt: {
      type: 'string',
      format: 'date-time',
      description: 'When that secret stops working: it has been replaced by a newer one.',
    },
    rateLimits: {
      type: 'array',
      description:
        'What is left of the limits of the key and of its application, whose names begin with `application:`.',
      items: {
        type: 'object',
        required: ['name', 'limit', 'windowSeconds', 'remaining', 'resetSeconds'],
        properties: {
          name: { type: 'string' },
          limit: { type: 'integer' },
          windowSeconds: { type: 'integer' },
          remaining: { type: 'integer' },
          resetSeconds: {
            type: 'integer',
            description: 'Until more is free; when no further verification fits, until one does.',
          },
        },
      },
    },
    retryAfterSeconds: {
      type: 'integer',
      description:
        'With `RATE_LIMITED`, and with `USAGE_EXCEEDED` where a refill will do: after so many seconds it passes, if ' +
        'no other comes first.',
    },
    credits: { ...CREDITS, description: "What is left of the key's credits." },
    applicationCredits: {
      ...CREDITS,
      description: 'What is left of the credits that the keys of the application share.',
    },
  },
} as const;

/** The verdicts on up to this many keys come in one answer. */
const MAX_BATCH = 100;

export const VERIFY_BATCH_BODY = {
  type: 'object',
  required: ['keys'],
  additionalProperties: false,
  properties: {
    keys: { type: 'array', minItems: 1, maxItems: MAX_BATCH, items: VERIFY_BODY },
  },
} as const;

export const VERIFY_BATCH_ANSWER = {
  type: 'object',
  required: ['results'],
  properties: {
    results: { type: 'array', items: VERIFY_ANSWER, description: 'In the order of the keys.' },
  },
} as const;

export interface VerifyBatchBody {
  keys: VerifyBody[];
}

export interface VerifyBody {
  key: string;
  applicationId?: string;
  scopes?: string[];
  ip?: string;
  cost?: number;
}
