import type { PlaintextKey } from '../../modules/api-keys/index.js';

/** Where a key was found. */
export interface Place {
  file: string;
  line: number;
  /** The commit that has brought it, in a history. */
  commit?: string;
}

/** What a scan tells while it goes on. */
export interface ScanReport {
  found(key: PlaintextKey, place: Place): Promise<void>;
  /** A file, or a version of one, was looked at. */
  looked(bytes: number): void;
  /** The rest of a file, which is too large. */
  cut(file: string): void;
  /** Something that was asked for and could not be looked at. */
  failed(what: string, why: string): void;
}
