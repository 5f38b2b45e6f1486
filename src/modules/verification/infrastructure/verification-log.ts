import { isIP } from 'node:net';
import { Inject, Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { ENV, type Env } from '../../../config/env.js';
import { networkOf } from '../../../shared/network.js';
import {
  VerificationObservers,
  type ObservedVerification,
  type VerificationObserver,
} from '../application/verification-observer.js';

/**
 * Lines of refusals in a second: a flood of junk must not become one of lines. Beyond these there is as much room again, for
 * the first refusal of whoever has had none: the flood of one must not hide what is refused to others.
 */
const MAX_LINES = 20;
const SECOND_MS = 1000;

/** Writes a line for each verification that is refused, or for each one, as LOG_VERIFICATIONS says. */
@Injectable()
export class VerificationLog implements VerificationObserver, OnModuleDestroy {
  private readonly logger = new Logger('Verification');
  private readonly isForAll: boolean;
  /** In this second. */
  private refusals = 0;
  private lines = 0;
  private readonly told = new Set<string>();
  private timer: NodeJS.Timeout | undefined;

  constructor(@Inject(ENV) env: Pick<Env, 'LOG_VERIFICATIONS'>, observers: VerificationObservers) {
    this.isForAll = env.LOG_VERIFICATIONS === 'all';
    if (env.LOG_VERIFICATIONS !== 'none') observers.subscribe(this);
  }

  observe(verification: ObservedVerification): void {
    if (this.isForAll) this.write(verification);
    else if (!verification.verdict.valid && this.hasRoom(partyOf(verification))) this.write(verification);
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

  private hasRoom(party: string): boolean {
    this.refusals += 1;
    this.timer ??= setTimeout(() => {
      this.endSecond();
    }, SECOND_MS).unref();
    const isFirst = !this.told.has(party);
    if (this.lines >= (isFirst ? 2 * MAX_LINES : MAX_LINES)) return false;
    this.lines += 1;
    this.told.add(party);
    return true;
  }

  private endSecond(): void {
    const more = this.refusals - this.lines;
    this.refusals = this.lines = 0;
    this.told.clear();
    this.timer = undefined;
    if (more > 0) this.logger.log({ msg: 'further refusals have no line of their own', refused: more });
  }
}

/** Whose refusals share the room: those of an application, or of a network that has shown no service key. */
function partyOf({ record, caller }: ObservedVerification): string {
  const application = caller.keysOf ?? record?.applicationId;
  return application ?? (caller.isAnonymous ? networkOf(caller.address) : 'unknown keys');
}
