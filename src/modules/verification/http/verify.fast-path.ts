import { Injectable } from '@nestjs/common';
import { chain } from '../../../shared/concurrency/chain.js';
import type { FastExchange, FastPath } from '../../../shared/http/route-settings.js';
import { VerificationService } from '../application/verification.service.js';
import { toRequest } from './verification-request.js';
import { writeVerdict } from './verdict-writer.js';
import { limitAnonymous, VerifyingCallers } from './verifying-callers.js';
import type { VerifyBody } from './verify.schema.js';

/**
 * `POST /apikey/verify` past Fastify and Nest: for this one route, which reads its credential itself and has no guard or pipe, they
 * would cost more than the verdict. `VerifyController` gives the same answers.
 */
@Injectable()
export class VerifyFastPath implements FastPath {
  constructor(
    private readonly callers: VerifyingCallers,
    private readonly verification: VerificationService,
  ) {}

  answer(body: unknown, exchange: FastExchange): object | Promise<object> {
    const question = body as VerifyBody;
    const request = toRequest(question);
    return chain(this.callers.ofService(exchange, exchange), (caller) => {
      limitAnonymous(request, caller);
      return chain(this.verification.verify(question.key, request, caller), (verdict) =>
        writeVerdict(exchange, verdict, caller),
      );
    });
  }
}
