import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Clock } from '../../../shared/clock.js';
import { PeriodicTask } from '../../../shared/concurrency/periodic-task.js';
import { AuditRepository, type AuditHead } from '../domain/audit.repository.js';
import { checkpointLine, type CheckpointSigner } from '../domain/checkpoint.js';

const EVERY_MS = 10_000;

/** Chains of one look at what is to be signed. */
const BATCH = 100;

/** The key that checkpoints are signed with; null where the operator has given none. */
export abstract class AuditSigner {
  abstract readonly signer: CheckpointSigner | null;
}

/**
 * Signs the last event of each chain that has gone without a checkpoint for an hour or a thousand events. Every node does
 * it; which of them comes first does not matter.
 *
 * What was signed goes into the log, too: whoever can delete events of the database can delete checkpoints of it.
 */
@Injectable()
export class Checkpoints implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(Checkpoints.name);
  private readonly periodic = new PeriodicTask(() => this.sealDue(), EVERY_MS);
  private stopped = false;
  /** Of this process: checkpoints that were new, and looks at what is due that failed. */
  readonly counts = { signed: 0, failed: 0 };

  constructor(
    private readonly audit: AuditRepository,
    private readonly key: AuditSigner,
    private readonly clock: Clock,
  ) {}

  onApplicationBootstrap(): void {
    if (this.key.signer === null) {
      this.logger.warn('No checkpoints of the audit trail are signed: AUDIT_SIGNING_KEY is not set.');
      return;
    }
    this.periodic.start();
  }

  async onModuleDestroy(): Promise<void> {
    this.stopped = true;
    await this.periodic.stop();
  }

  /** Signs what is due, now. */
  run(): Promise<void> {
    return this.periodic.run();
  }

  /** Says, signed, that an event is the last of its chain now; null where nothing is signed. */
  endOfExport(head: AuditHead): string | null {
    return this.key.signer?.sign({ ...head, time: this.now, ends: 'export' }) ?? null;
  }

  private get now(): string {
    return this.clock.now().toISOString();
  }

  private async sealDue(): Promise<void> {
    try {
      let isMore = true;
      while (isMore) {
        const due = await this.audit.unsealed(BATCH);
        let signed = 0;
        for (const head of due) {
          if (this.stopped) return;
          if (await this.sign(head)) signed += 1;
        }
        // When none was new, another node is at it.
        isMore = due.length === BATCH && signed > 0;
      }
    } catch (error) {
      this.counts.failed += 1;
      this.logger.warn(`Checkpoints of the audit trail were not signed: ${String(error)}`);
    }
  }

  /** Returns whether there was no checkpoint of it yet. */
  private async sign(head: AuditHead): Promise<boolean> {
    const { signer } = this.key;
    if (signer === null) return false;
    const isNew = await this.audit.seal(head, signer.sign({ ...head, time: this.now }));
    if (!isNew) return false;
    this.counts.signed += 1;
    this.logger.log(checkpointLine(head));
    return true;
  }
}
