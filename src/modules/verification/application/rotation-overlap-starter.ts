import { Injectable, Logger } from '@nestjs/common';
import { RotationOverlapStore } from './rotation-overlap-store.js';
import {
  type ServiceKeyUse,
  VerificationObservers,
  type ObservedVerification,
  type VerificationObserver,
} from './verification-observer.js';

/** Starts the overlap of a rotated key at the first use of its new secret, behind the answer. */
@Injectable()
export class RotationOverlapStarter implements VerificationObserver {
  private readonly logger = new Logger(RotationOverlapStarter.name);
  /** The secrets whose overlap is being started: one call for all that are verified meanwhile. */
  private readonly starting = new Set<string>();

  constructor(
    private readonly overlaps: RotationOverlapStore,
    observers: VerificationObservers,
  ) {
    observers.subscribe(this);
  }

  observe({ verdict, record }: ObservedVerification): void {
    if (verdict.valid && record?.startsOverlap === true) this.start(record.secretId);
  }

  observeServiceKey({ startsOverlap, secretId }: ServiceKeyUse): void {
    if (startsOverlap) this.start(secretId);
  }

  /** Should it fail, the record still says so, and the next verification tries again. */
  private start(secretId: string): void {
    if (this.starting.has(secretId)) return;
    this.starting.add(secretId);
    this.overlaps
      .start(secretId)
      .catch((error: unknown) => {
        this.logger.warn(`could not start the overlap of a new secret: ${(error as Error).message}`);
      })
      .finally(() => this.starting.delete(secretId));
  }
}
