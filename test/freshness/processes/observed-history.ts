interface Life {
  /** When the first call was sent that may have revoked the key. */
  revoking: number;
  /** When the first call was answered that promised it is revoked. */
  revoked: number;
}

/**
 * What the clients of a cluster have seen, in the order in which they saw it: a moment is taken before a question is
 * sent and after an answer has come, so that what one of them began after another had been answered is certain.
 */
export class ObservedHistory {
  readonly violations: string[] = [];
  /** Keys whose revocation was answered. */
  revocations = 0;
  /** How often each verdict was given, and by whom. */
  readonly verdicts = new Map<string, number>();
  private readonly lives = new Map<string, Life>();
  private moment = 0;

  now(): number {
    this.moment += 1;
    return this.moment;
  }

  issued(key: string): void {
    this.lives.set(key, { revoking: Infinity, revoked: Infinity });
  }

  revoking(key: string): void {
    const life = this.life(key);
    life.revoking = Math.min(life.revoking, this.now());
  }

  revoked(key: string): void {
    const life = this.life(key);
    if (life.revoked === Infinity) this.revocations += 1;
    life.revoked = Math.min(life.revoked, this.now());
  }

  /** A verification of a key whose issue had been answered. */
  verified(key: string, node: string, began: number, code: string): void {
    const ended = this.now();
    const { revoking, revoked } = this.life(key);
    const count = `${node} ${code}`;
    this.verdicts.set(count, (this.verdicts.get(count) ?? 0) + 1);
    const said = `${node} said ${code} from ${began} to ${ended}`;
    if (code === 'VALID') {
      if (revoked < began) this.violations.push(`${said}: the revocation had been answered at ${revoked}`);
    } else if (code === 'REVOKED') {
      if (revoking > ended) this.violations.push(`${said}: nobody had asked for a revocation`);
    } else {
      this.violations.push(`${said}: the key was issued, and nothing but revoked`);
    }
  }

  private life(key: string): Life {
    const life = this.lives.get(key);
    if (life === undefined) throw new Error('The key was never issued');
    return life;
  }
}
