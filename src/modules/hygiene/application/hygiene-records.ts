import type { PageRequest } from '../../../shared/page.js';
import type { KeyPolicy, PolicyRule } from '../../applications/index.js';
import type { Dated } from '../../freshness/index.js';
import type { FindingName } from '../domain/finding.js';

/** A key that something was found about. */
export interface FoundKey {
  readonly id: string;
  readonly name: string;
  readonly hint: string;
  /** Whether it is a credential of a machine that calls this service. */
  readonly isServiceKey: boolean;
  readonly scopes: readonly string[];
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly lastUsedAt: Date | null;
  /** When its secret is or was due to be replaced; null for never. */
  readonly rotationDueAt: Date | null;
  readonly brokenRules: readonly PolicyRule[];
}

/** Of one finding. */
export interface FoundKeys {
  readonly count: number;
  /** The first of them, newest first. */
  readonly keys: readonly FoundKey[];
}

/** A webhook that is enabled, and whose maker is no member any more. */
export interface FoundWebhook {
  readonly id: string;
  readonly url: string;
  readonly description: string | null;
  readonly createdAt: Date;
}

export interface Hygiene {
  /** Of keys that work. */
  readonly keys: number;
  /** Whether there are more of them than were looked at. */
  readonly isPartial: boolean;
  readonly findings: Readonly<Record<FindingName, FoundKeys>>;
}

/** Which keys are read, and what they are judged by. */
export interface KeysToRead {
  readonly applicationId: string;
  readonly policy: KeyPolicy;
  /** Whether its service keys are among them. */
  readonly ofServiceKeys: boolean;
}

/**
 * Reads what is to be said of the keys of an application that work. What is read is dated:
 * `atLeast` is the number that it has to show, see `Freshness.read`.
 */
export abstract class HygieneRecords {
  /** @param examples keys that are named of each finding */
  abstract summarize(
    which: KeysToRead,
    findings: readonly FindingName[],
    examples: number,
    atLeast: number,
  ): Promise<Dated<Hygiene>>;

  /** Up to `limit + 1` keys of one finding, newest first. */
  abstract list(
    which: KeysToRead,
    finding: FindingName,
    page: PageRequest,
    atLeast: number,
  ): Promise<Dated<FoundKey[]>>;

  /** All of them: an application has few webhooks. */
  abstract webhooksOfLeavers(applicationId: string, atLeast: number): Promise<Dated<FoundWebhook[]>>;
}
