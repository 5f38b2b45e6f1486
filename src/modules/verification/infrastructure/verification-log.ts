import { isIP } from 'node:net';
import { Inject, Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { ENV, type Env } from '../../../config/env.js';
import {
  VerificationObservers,
  type ObservedVerification,
  type VerificationObserver,
} from '../application/verification-observer.js';

/** Lines of refusals in a second: a flood of junk must not become one of lines. */
const MAX_LINES = 20;
const SECOND_MS = 1000;

/** Writes a line for each verification that is refused, or for each one, as LOG_VERIFICATIONS says. */
@Injectable()
export class VerificationLog implements VerificationObserver, OnModuleDestroy {
  private readonly logger = new Logger('Verification');
  private readonly isForAll: boolean;
  private lines = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(@Inject(ENV) env: Pick<Env, 'LOG_VERIFICATIONS'>, observers: VerificationObservers) {
    this.isForAll = env.LOG_VERIFICATIONS === 'all';
    if (env.LOG_VERIFICATIONS !== 'none') observers.subscribe(this);
  }

  observe(verification: ObservedVerification): void {
    if (this.isForAll) this.write(verification);
    else if (!verification.verdict.valid && this.hasRoom()) this.write(verification);
  }

  onModuleDestroy(): void {
    clearTimeout(this.timer);
  }

  private write({ verdict, record, request, caller }: ObservedVerification): void {
    this.logger.log({
      msg: verdict.valid ? 'verified' : 'refused',
      reqId: caller.requestId,
      code: verdict.code,
      keyId: record?.keyId,
      applicationId: record?.applicationId,
      client: caller.address,
      // What a service says of the address of its own client need not be one.
      ip: request.ip !== undefined && isIP(request.ip) !== 0 ? request.ip : undefined,
    });
  }

  private hasRoom(): boolean {
    this.lines += 1;
    this.timer ??= setTimeout(() => {
      this.endSecond();
    }, SECOND_MS).unref();
    return this.lines <= MAX_LINES;
  }

  private endSecond(): void {
    const more = this.lines - MAX_LINES;
    this.lines = 0;
    this.timer = undefined;
    if (more > 0) this.logger.log({ msg: 'further refusals have no line of their own', refused: more });
  }
}
