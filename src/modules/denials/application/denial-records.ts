import type { Page, PageRequest } from '../../../shared/page.js';
import type { DenialCode } from '../../verification/index.js';
import type { DenialCause, DenialDetails } from '../domain/denial.js';

/** Whose denials: those of a key, or of all keys of an application and of what was no key of it. */
export type DenialSubject = { readonly keyId: string } | { readonly applicationId: string };

export interface DenialRecord {
  readonly id: string;
  readonly at: Date;
  readonly keyId: string | null;
  readonly verdict: DenialCode;
  readonly cause: DenialCause;
  /** Null where the service that asked is not the application's own. */
  readonly requestId: string | null;
  /** Of the client that sent the key; null when nobody told, or that service is not the application's own. */
  readonly address: string | null;
  /** Of the service that asked; null where it is not the application's own. */
  readonly callerAddress: string | null;
  /** How many refusals it stands for. */
  readonly repeated: number;
  readonly details: DenialDetails;
}

/** Reads what was written of denials. */
export abstract class DenialRecords {
  /** The latest first, of the last 30 days: as many as a ring holds for each key. */
  abstract list(subject: DenialSubject, page: PageRequest): Promise<DenialRecord[]>;
}

export type DenialPage = Page<DenialRecord>;
