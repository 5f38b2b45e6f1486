import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { systemActor } from '../../../shared/actor.js';
import { UnitOfWork } from '../../../shared/unit-of-work.js';
import { AttemptLimiter, type RefusedSignIns } from '../domain/attempt-limiter.js';
import { UserRepository } from '../domain/user.repository.js';

/** Records that are waiting to be written. When there are more, the log has the rest. */
const MAX_WAITING = 100;

/**
 * Records when sign-ins begin to be refused: once for each window, however many there are in it. Nobody's answer waits
 * for it.
 */
@Injectable()
export class RefusedSignInsRecorder implements OnModuleDestroy {
  private readonly logger = new Logger(RefusedSignInsRecorder.name);
  private last: Promise<void> = Promise.resolve();
  private waiting = 0;

  constructor(
    limiter: AttemptLimiter,
    private readonly unitOfWork: UnitOfWork,
    private readonly users: UserRepository,
  ) {
    limiter.onRefusedSignIns((refused) => {
      this.add(refused);
    });
  }

  async onModuleDestroy(): Promise<void> {
    await this.last;
  }

  private add(refused: RefusedSignIns): void {
    if (this.waiting >= MAX_WAITING) {
      this.logger.warn(`Sign-ins from ${refused.address} are refused, and too many others to record it`);
      return;
    }
    this.waiting += 1;
    this.last = this.last
      .then(() => this.write(refused))
      .catch((error: unknown) => {
        this.logger.warn(
          `Sign-ins from ${refused.address} are refused, which was not recorded: ${String(error)}`,
        );
      })
      .finally(() => {
        this.waiting -= 1;
      });
  }

  /** What was tried in place of an email of ours may be anything, a password for one: it is not kept. */
  private async write({ address, account, limit, windowSeconds }: RefusedSignIns): Promise<void> {
    const user = account === null ? undefined : await this.users.findByEmail(account);
    await this.unitOfWork.run({ ...systemActor('sign-in'), address }, (tx) => {
      tx.record([
        {
          name: 'SignInsRefused',
          applicationId: null,
          target: user === undefined ? { kind: 'system', id: 'sign-in' } : { kind: 'user', id: user.id },
          before: null,
          after: { counted: account === null ? 'address' : 'account', limit, windowSeconds },
        },
      ]);
      return Promise.resolve();
    });
  }
}
