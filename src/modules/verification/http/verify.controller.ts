import { Controller, Get, HttpCode, Post, Query, Req, Res } from '@nestjs/common';
import { RouteSchema } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { RouteSettings } from '../../../shared/http/route-settings.js';
import { Public } from '../../auth/index.js';
import { VerificationService } from '../application/verification.service.js';
import { refusalOf } from '../domain/refusal.js';
import type { VerificationRecord } from '../domain/verification.js';
import { writeVerdict, writeVerdictHeaders, writeVerdicts } from './verdict-writer.js';
import { bodyOfQuery, queryRefusal, toRequest } from './verification-request.js';
import { missingKey, PresentedKeys } from './presented-key.js';
import { limitAnonymous, VerifyingCallers } from './verifying-callers.js';
import { VerifyFastPath } from './verify.fast-path.js';
import {
  VerifyApiKeyDocs,
  VerifyApiKeyForGatewayDocs,
  VerifyApiKeysDocs,
  VerifyDocs,
} from './verify.docs.js';
import {
  NO_QUERY,
  VERIFY_ANSWER,
  VERIFY_BATCH_ANSWER,
  VERIFY_BATCH_BODY,
  VERIFY_BODY,
  type VerifyBatchBody,
  type VerifyBody,
} from './verify.schema.js';

/** For the services that receive keys. Each shows a service key, which no guard but `VerifyingCallers` reads. */
@VerifyDocs()
@Public()
@Controller('apikey/verify')
export class VerifyController {
  constructor(
    private readonly callers: VerifyingCallers,
    private readonly verification: VerificationService,
    private readonly presented: PresentedKeys,
  ) {}

  @Post()
  @HttpCode(200)
  @RouteSettings({ isLogged: false, isHot: true, fastPath: VerifyFastPath })
  @RouteSchema({ querystring: NO_QUERY, body: VERIFY_BODY, response: { 200: VERIFY_ANSWER } })
  @VerifyApiKeyDocs()
  async verify(
    // The body comes with the request, not through the pipe: the compiled schema has checked it.
    @Req() { body, ip, id, raw }: FastifyRequest<{ Body: VerifyBody }>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<object> {
    const request = toRequest(body);
    const caller = await this.callers.ofService(raw, { address: ip, requestId: id });
    limitAnonymous(request, caller);
    return writeVerdict(reply, await this.verification.verify(body.key, request, caller), caller);
  }

  @Post('batch')
  @HttpCode(200)
  @RouteSchema({ querystring: NO_QUERY, body: VERIFY_BATCH_BODY, response: { 200: VERIFY_BATCH_ANSWER } })
  @VerifyApiKeysDocs()
  async verifyBatch(
    @Req() { body, ip, id, raw }: FastifyRequest<{ Body: VerifyBatchBody }>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<object> {
    const questions = body.keys.map((question) => ({ key: question.key, request: toRequest(question) }));
    const caller = await this.callers.ofService(raw, { address: ip, requestId: id });
    for (const [i, { request }] of questions.entries()) {
      limitAnonymous(request, caller, { prefix: `keys.${i}.` });
    }
    return writeVerdicts(reply, await this.verification.verifyAll(questions, caller), caller);
  }

  @Get()
  @RouteSettings({ isLogged: false, isHot: true })
  @VerifyApiKeyForGatewayDocs()
  async verifyForGateway(
    // Read by hand: a key in it is refused before anything else is looked at.
    @Query() query: Record<string, unknown>,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<object> {
    reply.header('Cache-Control', 'no-store');
    this.presented.refuseInQuery(query);
    const caller = await this.callers.ofGateway(request.raw, {
      address: request.ip,
      requestId: request.id,
    });
    const presented = this.presented.read(request.raw);
    const body = bodyOfQuery(query, presented ?? '');
    const passes = request.compileValidationSchema(VERIFY_BODY);
    if (!passes(body)) throw queryRefusal(passes.errors ?? []);
    if (presented === null) throw missingKey();
    // What a proxy says of the address need not be one: that is no mistake of the caller, and in no list of addresses.
    const question = { ...toRequest(body as VerifyBody), ip: request.ip };
    limitAnonymous(question, caller, { applicationField: 'ApplicationId' });
    const verdict = await this.verification.verify(presented, question, caller);
    writeVerdictHeaders(reply, verdict, caller);
    if (!verdict.valid) throw refusalOf(verdict.code, question);
    const { record } = verdict;
    reply
      .header('X-Key-Id', record.keyId)
      .header('X-Application-Id', record.applicationId ?? '')
      .header('X-Key-Scopes', record.scopes.join(' '));
    if (!caller.isAnonymous) reply.header('X-Owner-Id', ownerHeader(record));
    return {};
  }
}

/**
 * No two people have the same: a `sub` is unique within its issuer only, so that of another issuer stands behind it.
 * Both are percent-encoded, because header fields are ASCII (RFC 9110, section 5.5), and neither holds a slash then.
 */
function ownerHeader({ ownerId, ownerIssuer }: VerificationRecord): string {
  return [ownerIssuer, ownerId]
    .filter((part) => part !== null)
    .map(encodeURIComponent)
    .join('/');
}
