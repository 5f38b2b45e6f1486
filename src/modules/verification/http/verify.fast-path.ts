import { Injectable } from '@nestjs/common';
import { chain } from '../../../shared/concurrency/chain.js';
import type { FastExchange, FastPath } from '../../../shared/http/route-settings.js';
import { VerificationService } from '../application/verification.service.js';
import { toRequest } from './verification-request.js';
import { writeVerdict } from './verdict-writer.js';
import type { VerifyBody } from './verify.schema.js';

/**
 * `POST /apikey/verify` past Fastify and Nest: for this one route, public and with no guard or pipe of its own, they
 * would cost more than the verdict. `VerifyController` gives the same answers.
 */
@Injectable()
export class VerifyFastPath implements FastPath {
  constructor(private readonly verification: VerificationService) {}

  answer(body: unknown, exchange: FastExchange): object | Promise<object> {
    const question = body as VerifyBody;
    return chain(this.verification.verify(question.key, toRequest(question), exchange), (verdict) =>
      writeVerdict(exchange, verdict),
    );
  }
}
