import { Injectable } from '@nestjs/common';
import type { Actor } from '../../../shared/actor.js';
import { UnitOfWork } from '../../../shared/unit-of-work.js';
import { isUuid } from '../../../shared/uuid.js';
import { AuditRepository } from '../domain/audit.repository.js';

/** Deletes what is older than somebody has to keep. Only the operator does it, with the role that owns the tables. */
@Injectable()
export class AuditRetention {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly audit: AuditRepository,
  ) {}

  /**
   * Deletes the events of a chain that are older than this, up to the last of them that there is a checkpoint of. The
   * checkpoint stays in their place, and an event says what was deleted: so what is left can be verified as before.
   * Returns how many events it has deleted.
   */
  async prune(actor: Actor, chain: string, before: Date): Promise<number> {
    const last = await this.audit.lastSealedBefore(chain, before);
    if (last === null) return 0;
    const { value } = await this.unitOfWork.run(actor, async (tx) => {
      const { seq: until, hash } = last;
      const deleted = await this.audit.prune(chain, until, tx);
      // Somebody else was faster, and has said what was deleted, and perhaps that it was more.
      if (deleted === 0) return 0;
      tx.record([
        {
          name: 'AuditTrailPruned',
          applicationId: isUuid(chain) ? chain : null,
          target: { kind: 'audit_chain', id: chain },
          before: null,
          after: { until, hash, deleted, olderThan: before },
        },
      ]);
      return deleted;
    });
    return value;
  }
}
