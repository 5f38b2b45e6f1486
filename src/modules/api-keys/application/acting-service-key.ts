import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DomainError } from '../../../shared/domain-error.js';
import type { Transaction } from '../../../shared/transaction.js';
import { ActingServiceKeys, type ServiceKeyKeeper } from '../../applications/index.js';
import { ApiKeyRepository } from '../domain/api-key.repository.js';

/** Says of a service key that changes something whether it still may: it may have been revoked since it was let in. */
@Injectable()
export class ActingServiceKey implements ServiceKeyKeeper, OnModuleInit {
  constructor(
    private readonly acting: ActingServiceKeys,
    private readonly keys: ApiKeyRepository,
  ) {}

  onModuleInit(): void {
    this.acting.enter(this);
  }

  async refusalOf(applicationId: string, tx: Transaction): Promise<DomainError | null> {
    // The one scope by which a service key changes anything.
    const state = await this.keys.lockActingServiceKey(applicationId, 'apikeys:write', tx);
    if (state === 'good') return null;
    return state === 'busy'
      ? new DomainError('edit_conflict', 'The service key itself is being changed: retry.')
      : new DomainError('invalid_service_key', 'The service key was revoked, or may do less, by now.');
  }
}
