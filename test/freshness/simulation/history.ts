/** One committed state of a key. `version` 0 is "there is no such key". */
export interface Version {
  version: number;
  state: KeyState;
  committed: number;
  /** When the first call that promised it was answered. */
  answered: number;
}

export type KeyState = 'NOT_FOUND' | 'VALID' | 'DISABLED' | 'REVOKED';

export interface Verification {
  key: string;
  /** When the request was taken up, which is no earlier than when it was sent. */
  began: number;
  ended: number;
  version: number;
  how: string;
}

/**
 * Everything that happened to every key, in a total order. A verification is right when what it said was the
 * committed state at some moment of it, or was followed only by changes that nobody had answered when it began.
 */
export class History {
  readonly violations: string[] = [];
  private readonly versions = new Map<string, Version[]>();
  private moment = 0;

  /** The next place in the total order. */
  stamp(): number {
    this.moment += 1;
    return this.moment;
  }

  committed(key: string, state: KeyState): Version {
    let versions = this.versions.get(key);
    if (versions === undefined) {
      versions = [{ version: 0, state: 'NOT_FOUND', committed: 0, answered: 0 }];
      this.versions.set(key, versions);
    }
    const version = { version: versions.length, state, committed: this.stamp(), answered: Infinity };
    versions.push(version);
    return version;
  }

  answered(version: Version): void {
    const now = this.stamp();
    version.answered = Math.min(version.answered, now);
  }

  verified({ key, began, ended, version, how }: Verification): void {
    const versions = this.versions.get(key);
    if (versions === undefined) {
      if (version !== 0) this.violations.push(`${key} was never there, yet found ${how}`);
      return;
    }
    const said = versions[version]!;
    if (said.committed > ended) {
      this.violations.push(`${key}: ${said.state} was said ${how} before it was committed`);
    }
    const overdue = versions.find((later) => later.version > version && later.answered < began);
    if (overdue !== undefined) {
      this.violations.push(
        `${key}: ${said.state} (version ${version}) was said ${how}, by a verification that began at ${began}, ` +
          `after ${overdue.state} (version ${overdue.version}) had been answered at ${overdue.answered}`,
      );
    }
  }
}
