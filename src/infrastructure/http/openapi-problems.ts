import type { OpenAPIObject } from '@nestjs/swagger';
import type { ErrorCode, FieldError } from '../../shared/domain-error.js';
import { DomainError } from '../../shared/domain-error.js';
import { PROBLEM_EXTENSION } from '../../shared/http/api-problems.decorator.js';
import { PROBLEMS, problemHeaders, toProblem } from './problem.js';
import { detailOf } from './to-domain-error.js';

type Components = NonNullable<OpenAPIObject['components']>;

/** What is looked at of an operation in the OpenAPI document. */
export interface Operation {
  requestBody?: unknown;
  security?: Record<string, string[]>[];
  responses: Record<string, Response>;
  [extension: `x-${string}`]: unknown;
}

interface Response {
  description: string;
  headers?: Record<string, object>;
  content?: Record<string, object>;
}

const EXAMPLE_ID = '01890a5d-ac96-774b-bcce-b302099a8057';

const HEADERS: Readonly<Record<string, { description: string; example: string }>> = {
  'X-Request-Id': { description: 'Names this request in the logs.', example: EXAMPLE_ID },
  'WWW-Authenticate': {
    description: 'What is needed instead (RFC 6750, section 3).',
    example: 'Bearer error="invalid_token"',
  },
  'Retry-After': { description: 'Seconds to wait before the next try.', example: '1' },
};

/** The problems that are about fields, each with an example. */
const FIELD_ERRORS: Readonly<Partial<Record<ErrorCode, FieldError>>> = {
  validation_failed: { field: 'name', message: 'must be a string' },
  policy_violation: { field: 'expiresAt', message: 'breaks the rule requireExpiry: a key has to expire' },
  weak_password: { field: 'password', message: 'is one of the first that are guessed' },
  invalid_cursor: { field: 'cursor', message: 'is not the nextCursor of an answer with these filters' },
  invalid_scope: { field: 'scope', message: 'must hold nothing but scopes that exist' },
  key_in_query: { field: 'query', message: 'must not hold a key' },
};

/** The headers whose values are known only when it happens. */
const LATE_HEADERS: Readonly<Partial<Record<ErrorCode, string[]>>> = {
  too_many_requests: ['retry-after'],
  daily_application_limit_reached: ['retry-after'],
  daily_key_limit_reached: ['retry-after'],
  rate_limited: ['retry-after'],
  usage_exceeded: ['retry-after'],
  insufficient_permissions: ['www-authenticate'],
};

export const PROBLEM_COMPONENTS: Required<Pick<Components, 'schemas' | 'headers'>> = {
  schemas: {
    Problem: {
      type: 'object',
      description: 'An error, as RFC 9457 describes it.',
      required: ['type', 'title', 'status', 'detail', 'code', 'requestId'],
      properties: {
        type: { type: 'string', format: 'uri', description: 'Names the kind of problem for good.' },
        title: { type: 'string', description: 'The same for every occurrence of it.' },
        status: { type: 'integer', minimum: 400, maximum: 599 },
        detail: { type: 'string', description: 'What you can do about it.' },
        instance: { type: 'string', description: 'The path that was asked for.' },
        code: { type: 'string', enum: Object.keys(PROBLEMS), description: 'What to tell problems apart by.' },
        requestId: { type: 'string', description: 'Names this request in the logs.' },
        errors: {
          type: 'array',
          description: 'For a 400 about fields: what is wrong with which of them.',
          items: {
            type: 'object',
            required: ['field', 'message'],
            properties: { field: { type: 'string' }, message: { type: 'string' } },
          },
        },
      },
    },
  },
  headers: Object.fromEntries(
    Object.entries(HEADERS).map(([name, { description, example }]) => [
      name,
      { description, schema: { type: 'string' }, example },
    ]),
  ),
};

/**
 * Turns the codes a route names, and those any route like it can give, into the answers of its operation. Returns
 * the codes.
 */
export function describeProblems(operation: Operation): Set<ErrorCode> {
  const all = codesOf(operation);
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of all) {
    const { status } = PROBLEMS[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  for (const [status, codes] of byStatus) {
    operation.responses[status] = toResponse(codes, operation.responses[status]);
  }
  for (const response of Object.values(operation.responses)) {
    response.headers = { ...response.headers, ...headerReference('X-Request-Id') };
  }
  return all;
}

/** One example of each problem, for every answer to point to. */
export function problemExamples(
  codes: Iterable<ErrorCode>,
): Record<string, { summary: string; value: object }> {
  return Object.fromEntries(
    [...codes].sort().map((code) => [code, { summary: PROBLEMS[code].title, value: exampleOf(code) }]),
  );
}

function codesOf(operation: Operation): Set<ErrorCode> {
  const codes = new Set<ErrorCode>([
    'invalid_request',
    'validation_failed',
    'internal_error',
    'service_unavailable',
  ]);
  if (operation.requestBody !== undefined) {
    codes.add('malformed_json').add('payload_too_large').add('unsupported_media_type');
  }
  if (operation.security?.some((scheme) => 'bearer' in scheme) === true) {
    codes.add('unauthenticated').add('invalid_token').add('multiple_credentials').add('too_many_requests');
  }
  for (const key of Object.keys(operation)) {
    if (!key.startsWith(PROBLEM_EXTENSION)) continue;
    codes.add(key.slice(PROBLEM_EXTENSION.length) as ErrorCode);
    // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- it has served its purpose
    delete operation[key as `x-${string}`];
  }
  return codes;
}

function toResponse(codes: ErrorCode[], declared: Response | undefined): Response {
  const lines = codes.map((code) => `\`${code}\`: ${PROBLEMS[code].title}.`);
  const headerNames = new Set(
    codes.flatMap((code) => [
      ...Object.keys(problemHeaders(new DomainError(code, ''))),
      ...(LATE_HEADERS[code] ?? []),
    ]),
  );
  const headers = Object.keys(HEADERS).filter((name) => headerNames.has(name.toLowerCase()));
  return {
    description: [
      ...(declared === undefined || declared.description === '' ? [] : [declared.description]),
      ...lines,
    ].join('\n\n'),
    headers: Object.assign({}, declared?.headers, ...headers.map((name) => headerReference(name))) as Record<
      string,
      object
    >,
    content: {
      'application/problem+json': {
        schema: { $ref: '#/components/schemas/Problem' },
        examples: Object.fromEntries(codes.map((code) => [code, { $ref: `#/components/examples/${code}` }])),
      },
    },
  };
}

function exampleOf(code: ErrorCode): object {
  const error = FIELD_ERRORS[code];
  return toProblem(new DomainError(code, detailOf(code), error && { errors: [error] }), EXAMPLE_ID);
}

function headerReference(name: string): Record<string, object> {
  return { [name]: { $ref: `#/components/headers/${name}` } };
}
