import { Injectable } from '@nestjs/common';
import type { FastPath } from '../../../shared/http/route-settings.js';
import { VerificationService } from '../application/verification.service.js';
import type { Verdict } from '../domain/verification.js';
import { setUsageHeaders } from './usage-answer.js';
import { setVerdictHeaders, toAnswer, toRequest } from './verdict-answer.js';
import type { VerifyBody } from './verify.schema.js';

/**
 * `POST /apikey/verify` past Fastify and Nest: for this one route, public and with no guard or pipe of its own, they
 * would cost more than the verdict. `VerifyController` gives the same answers.
 */
@Injectable()
export class VerifyShortcut implements FastPath {
  constructor(private readonly verification: VerificationService) {}

  answer(
    body: unknown,
    from: string | undefined,
    headers: string[],
  ): object | undefined | Promise<object | undefined> {
    const question = body as VerifyBody;
    const request = toRequest(question);
    const verdict = this.verification.recall(question.key, request);
    if (verdict !== undefined) return toObject(verdict, headers);
    if (from === undefined) return undefined;
    return this.verification.verify(question.key, request, from).then((asked) => toObject(asked, headers));
  }
}

function toObject(verdict: Verdict, headers: string[]): object {
  if (verdict.stale !== undefined || verdict.usage !== undefined) {
    const sink = { header: (name: string, value: string) => headers.push(name, value) };
    setVerdictHeaders(sink, [verdict]);
    if (verdict.usage !== undefined) setUsageHeaders(sink, verdict.usage);
  }
  return toAnswer(verdict);
}
