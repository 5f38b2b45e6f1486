import { Injectable, Logger } from '@nestjs/common';
import type { Verdict, VerificationRecord, VerificationRequest } from '../domain/verification.js';
import type { VerdictSource, VerifyingCaller } from './verification-records.js';

/** A verification that has its verdict. */
export interface ObservedVerification {
  readonly verdict: Verdict;
  /**
   * The key and the secret that were presented, as they are known; null when there are none. They are also here where
   * the verdict is `NOT_FOUND`, because the key is of another application than the one asked for.
   */
  readonly record: VerificationRecord | null;
  readonly source: VerdictSource;
  readonly request: VerificationRequest;
  readonly caller: VerifyingCaller;
  /** The database has counted it for its key, in the transaction in which it spent credits. */
  readonly isCounted: boolean;
  /** When it was judged, by the database's clock, in milliseconds since 1970. */
  readonly at: number;
}

/** A service key that has let a machine in. */
export type ServiceKeyUse = Pick<
  VerificationRecord,
  'keyId' | 'secretId' | 'secretExpiresAt' | 'applicationId' | 'startsOverlap' | 'counterMemo'
>;

/** Is told of every verdict. It is called on the request's path: it takes note, and never waits. */
export interface VerificationObserver {
  observe(verification: ObservedVerification): void;
  /**
   * The same of the service keys by which machines are let in.
   *
   * @param address of the machine
   * @param at in milliseconds since 1970
   */
  observeServiceKey?(use: ServiceKeyUse, address: string, at: number): void;
}

/** Passes every verdict on to all who want to know. */
@Injectable()
export class VerificationObservers implements VerificationObserver {
  private readonly logger = new Logger(VerificationObservers.name);
  private readonly observers: VerificationObserver[] = [];

  subscribe(observer: VerificationObserver): void {
    this.observers.push(observer);
  }

  /** A failure of an observer is no reason to withhold a verdict, nor to leave the other observers out. */
  observe(verification: ObservedVerification): void {
    for (const observer of this.observers) {
      try {
        observer.observe(verification);
      } catch (error) {
        this.logger.error(`a verification was not observed: ${(error as Error).message}`);
      }
    }
  }

  observeServiceKey(use: ServiceKeyUse, address: string, at: number): void {
    for (const observer of this.observers) {
      try {
        observer.observeServiceKey?.(use, address, at);
      } catch (error) {
        this.logger.error(`the use of a service key was not observed: ${(error as Error).message}`);
      }
    }
  }
}
