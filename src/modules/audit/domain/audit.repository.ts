import type { PageRequest } from '../../../shared/page.js';
import type { Transaction } from '../../../shared/transaction.js';
import type { Dated } from '../../freshness/index.js';
import type { AuditEntry } from './audit-entry.js';
import type { Checkpoint } from './checkpoint.js';

export interface AuditFilter {
  /** The id of a key, or of whatever else something was done to. */
  readonly target?: string;
  /** The subject of who did it. */
  readonly actor?: string;
  readonly action?: string;
  /** From this time on, and before that one. */
  readonly from?: Date;
  readonly to?: Date;
}

/** The last event of a chain. */
export type AuditHead = Pick<Checkpoint, 'chain' | 'seq' | 'hash'>;

/** A checkpoint as it is kept: what it covers, and the JWS that says so. */
export interface StoredCheckpoint {
  readonly seq: number;
  readonly jws: string;
}

/** What no checkpoint covers yet. */
export interface Unsealed {
  readonly events: number;
  /** Seconds since the oldest event; 0 without any. */
  readonly oldestSeconds: number;
}

/** Reads the audit trail. Events are added to it by the transactions that they tell of. */
export abstract class AuditRepository {
  /**
   * The newest first, and one more than the page has when there are more. `before` is a number of an event. As
   * `Freshness.read` wants it.
   */
  abstract list(
    chain: string,
    filter: AuditFilter,
    page: PageRequest,
    atLeast: number,
  ): Promise<Dated<AuditEntry[]>>;
  /** Those of a chain after one, up to another, in their order. */
  abstract entries(
    chain: string,
    range: { after: number; until: number },
    limit: number,
  ): Promise<AuditEntry[]>;
  /** The checkpoints of events after one, up to another, in their order. */
  abstract checkpoints(chain: string, range: { after: number; until: number }): Promise<StoredCheckpoint[]>;
  /** Of whichever server answers. */
  abstract head(chain: string): Promise<AuditHead | null>;
  /** The same, as `Freshness.read` wants it. */
  abstract latestHead(chain: string, atLeast: number): Promise<Dated<AuditHead | null>>;
  /** Chains that there are events or checkpoints of, after one of them, in their order. */
  abstract chains(after: string, limit: number): Promise<string[]>;
  /** The chains that have gone without a checkpoint for an hour or a thousand events. */
  abstract unsealed(limit: number): Promise<AuditHead[]>;
  /** Of all chains together, as whichever server answers sees it. */
  abstract unsealedNow(): Promise<Unsealed>;
  /** Keeps a checkpoint, unless there is no such event, and returns whether it is a new one. */
  abstract seal(head: AuditHead, jws: string): Promise<boolean>;
  /**
   * The last event of which there is a checkpoint and which is older than this, as are all before it. Never the last of
   * the chain, which the next event goes on from.
   */
  abstract lastSealedBefore(chain: string, time: Date): Promise<AuditHead | null>;
  /** Deletes the events up to one, and returns how many there were. */
  abstract prune(chain: string, until: number, tx: Transaction): Promise<number>;
}
