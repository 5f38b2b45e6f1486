import { Controller, Get, HttpCode, Post, Query, Req, Res } from '@nestjs/common';
import { RouteSchema } from '@nestjs/platform-fastify';
import { ApiBody, ApiOkResponse, ApiOperation, ApiQuery, ApiSecurity, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DomainError } from '../../../shared/domain-error.js';
import { ApiProblems } from '../../../shared/http/api-problems.decorator.js';
import { RouteSettings } from '../../../shared/http/route-settings.js';
import { readUuid } from '../../../shared/http/uuid.js';
import { Public } from '../../auth/index.js';
import { VerificationService } from '../application/verification.service.js';
import { MAX_CREDITS, isCreditCount } from '../../metering/index.js';
import { isScope } from '../../../shared/key-scopes.js';
import type { DenialCode, VerificationRequest } from '../domain/verification.js';
import { setVerdictHeaders, toAnswer, toRequest } from './verdict-answer.js';
import { readPresentedKey, refuseKeyInQuery } from './presented-key.js';
import { setUsageHeaders } from './usage-answer.js';
import { PASSED, VERDICT, VERDICTS_OF_BATCH } from './verify.documentation.js';
import { VerifyShortcut } from './verify-shortcut.js';
import {
  NO_QUERY,
  VERIFY_ANSWER,
  VERIFY_BATCH_ANSWER,
  VERIFY_BATCH_BODY,
  VERIFY_BODY,
  type VerifyBatchBody,
  type VerifyBody,
} from './verify.schema.js';

const EXAMPLE_KEY = 'upblit_live_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx';

/** For the services that receive keys: possession of the key is the credential. */
@ApiTags('Verification')
@Public()
@Controller('apikey/verify')
export class VerifyController {
  constructor(private readonly verification: VerificationService) {}

  @Post()
  @HttpCode(200)
  @RouteSettings({ isLogged: false, isHot: true, fastPath: VerifyShortcut })
  @RouteSchema({ querystring: NO_QUERY, body: VERIFY_BODY, response: { 200: VERIFY_ANSWER } })
  @ApiOperation({
    operationId: 'verifyApiKey',
    summary: 'Verify a key',
    description:
      '200 whatever the verdict: `valid` and `code` say it. Checked in this order: `NOT_FOUND`, `REVOKED`, ' +
      '`DISABLED`, `EXPIRED`, `FORBIDDEN`, `INSUFFICIENT_PERMISSIONS`, `RATE_LIMITED`, `USAGE_EXCEEDED`, else ' +
      '`VALID`. A 4xx speaks of the call, a 5xx of this service. Only what passes everything is counted against ' +
      'the limits and spends credits.',
  })
  @ApiBody({ schema: { ...VERIFY_BODY, required: ['key'], example: { key: EXAMPLE_KEY } } as never })
  @ApiOkResponse(VERDICT)
  @ApiProblems('validation_failed', 'too_many_requests')
  async verify(
    // The body comes with the request, not through the pipe: the compiled schema has checked it.
    @Req() { body, ip }: FastifyRequest<{ Body: VerifyBody }>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<object> {
    const verdict = await this.verification.verify(body.key, toRequest(body), ip);
    setVerdictHeaders(reply, [verdict]);
    if (verdict.usage !== undefined) setUsageHeaders(reply, verdict.usage);
    return toAnswer(verdict);
  }

  @Post('batch')
  @HttpCode(200)
  @RouteSchema({ querystring: NO_QUERY, body: VERIFY_BATCH_BODY, response: { 200: VERIFY_BATCH_ANSWER } })
  @ApiOperation({
    operationId: 'verifyApiKeys',
    summary: 'Verify up to 100 keys',
    description:
      'The verdicts come in the order of the keys. Keys that are not in memory cost one query together.',
  })
  @ApiBody({
    schema: { ...VERIFY_BATCH_BODY, required: ['keys'], example: { keys: [{ key: EXAMPLE_KEY }] } } as never,
  })
  @ApiOkResponse(VERDICTS_OF_BATCH)
  @ApiProblems('validation_failed', 'too_many_requests')
  async verifyBatch(
    @Req() { body, ip }: FastifyRequest<{ Body: VerifyBatchBody }>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<object> {
    const questions = body.keys.map((question) => ({ key: question.key, request: toRequest(question) }));
    const verdicts = await this.verification.verifyAll(questions, ip);
    setVerdictHeaders(reply, verdicts);
    return { results: verdicts.map(toAnswer) };
  }

  @Get()
  @RouteSettings({ isLogged: false, isHot: true })
  @ApiOperation({
    operationId: 'verifyApiKeyForGateway',
    summary: 'Verify a key for a gateway',
    description:
      'The same decision for nginx `auth_request`, Caddy `forward_auth` and their like: the key comes in `x-api-key` ' +
      'or as `Authorization: Bearer upblit_…`, the identity goes back in headers.',
  })
  @ApiSecurity('api-key')
  @ApiQuery({
    name: 'scopes',
    type: String,
    required: false,
    description: 'The scopes that are needed, divided by commas.',
    example: 'telemetry:write',
  })
  @ApiQuery({
    name: 'ApplicationId',
    required: false,
    description: 'Refuses keys of any other application.',
    schema: { type: 'string', format: 'uuid', example: '019b76da-a800-7000-8000-000000000001' },
  })
  @ApiQuery({
    name: 'cost',
    required: false,
    description: 'Credits that it costs, where the key or its application has credits; 0 only asks.',
    schema: { type: 'integer', minimum: 0, maximum: MAX_CREDITS, default: 1, example: 1 },
  })
  @ApiOkResponse(PASSED)
  @ApiProblems(
    'validation_failed',
    'multiple_credentials',
    'key_in_query',
    'missing_api_key',
    'invalid_api_key',
    'address_not_allowed',
    'insufficient_permissions',
    'rate_limited',
    'usage_exceeded',
    'too_many_requests',
  )
  async verifyForGateway(
    // Read by hand: a key in it is refused before anything else is looked at.
    @Query() query: Record<string, unknown>,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<object> {
    reply.header('Cache-Control', 'no-store');
    refuseKeyInQuery(query);
    const narrowing = { ...readNarrowing(query), ip: request.ip };
    const presented = readPresentedKey(request.raw);
    if (presented === null) {
      throw new DomainError('missing_api_key', 'Send a key in the x-api-key header.', {
        headers: { 'WWW-Authenticate': 'Bearer' },
      });
    }
    const verdict = await this.verification.verify(presented, narrowing, request.ip);
    setVerdictHeaders(reply, [verdict]);
    if (verdict.usage !== undefined) setUsageHeaders(reply, verdict.usage);
    if (!verdict.valid) throw refusal(verdict.code, narrowing);
    const { record } = verdict;
    reply
      .header('X-Key-Id', record.keyId)
      .header('X-Application-Id', record.applicationId)
      .header('X-Owner-Id', headerText(record.ownerId))
      .header('X-Key-Scopes', record.scopes.join(' '));
    if (record.secretExpiresAt !== null) {
      // RFC 8594: the secret has been replaced, and stops working then.
      reply.header('Sunset', new Date(record.secretExpiresAt).toUTCString());
    }
    return {};
  }
}

function readNarrowing(query: Record<string, unknown>): VerificationRequest {
  const { scopes, ApplicationId, cost, ...unknown } = query;
  const extra = Object.keys(unknown).length > 0;
  if (extra) throw invalid('query', 'only scopes, ApplicationId and cost are known here');
  if (scopes !== undefined && typeof scopes !== 'string') throw invalid('scopes', 'must be given once');
  const needed = scopes === undefined || scopes === '' ? [] : scopes.split(',');
  if (needed.length > 100 || !needed.every(isScope))
    throw invalid('scopes', 'must be scopes divided by commas');
  return {
    scopes: needed,
    applicationId: ApplicationId === undefined ? undefined : readUuid('ApplicationId', ApplicationId),
    cost: cost === undefined ? undefined : readCost(cost),
  };
}

function readCost(text: unknown): number {
  const cost = typeof text === 'string' && /^\d{1,16}$/.test(text) ? Number(text) : null;
  if (!isCreditCount(cost)) throw invalid('cost', `must be a whole number from 0 to ${MAX_CREDITS}`);
  return cost;
}

function invalid(field: string, message: string): DomainError {
  return new DomainError('validation_failed', `${field} ${message}.`, { errors: [{ field, message }] });
}

/** RFC 6750, section 3.1, for gateways: they pass the status on, and little else. */
function refusal(code: DenialCode, request: VerificationRequest): DomainError {
  if (code === 'FORBIDDEN') {
    return new DomainError('address_not_allowed', 'The key may not be used from this address.');
  }
  if (code === 'RATE_LIMITED') {
    return new DomainError('rate_limited', 'The key is used too often: wait as long as Retry-After says.');
  }
  if (code === 'USAGE_EXCEEDED') {
    return new DomainError(
      'usage_exceeded',
      'The key, or its application, lacks the credits that this costs.',
    );
  }
  if (code === 'INSUFFICIENT_PERMISSIONS') {
    return new DomainError('insufficient_permissions', 'The key lacks a scope that is needed here.', {
      headers: {
        'WWW-Authenticate': `Bearer error="insufficient_scope", scope="${(request.scopes ?? []).join(' ')}"`,
      },
    });
  }
  return new DomainError('invalid_api_key', `The key is not good: ${code}.`, {
    headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' },
  });
}

/** Header fields are ASCII (RFC 9110, section 5.5): another issuer's `sub` need not be, and is percent-encoded then. */
function headerText(text: string): string {
  return /^[\x21-\x7E]*$/.test(text) ? text : encodeURIComponent(text);
}
