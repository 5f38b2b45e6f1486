import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { PeriodicTask } from '../../../shared/concurrency/periodic-task.js';
import { AuditRepository, type Unsealed } from '../domain/audit.repository.js';

/** A look reads the end of every chain that was added to in the last hour. */
const EVERY_MS = 60_000;

/** Knows what of the audit trail no checkpoint covers yet: what could still be cut off unseen. Every node looks. */
@Injectable()
export class AuditLag implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(AuditLag.name);
  private readonly periodic = new PeriodicTask(() => this.look(), EVERY_MS);
  private last: Unsealed = { events: 0, oldestSeconds: 0 };

  constructor(private readonly audit: AuditRepository) {}

  onApplicationBootstrap(): void {
    this.periodic.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.periodic.stop();
  }

  /** What the last look has found that could be made; nothing at first. */
  get unsealed(): Unsealed {
    return this.last;
  }

  /** Looks now. */
  run(): Promise<void> {
    return this.periodic.run();
  }

  private async look(): Promise<void> {
    try {
      this.last = await this.audit.unsealedNow();
    } catch (error) {
      this.logger.warn(`could not see how much of the audit trail has no checkpoint: ${String(error)}`);
    }
  }
}
