import { Register, type Write } from './register.js';

/** What somebody wanted to know of a key, and was told. */
export interface Look {
  node: string;
  began: number;
  ended: number;
  /** Milliseconds since the epoch, at the beginning and the end. */
  wall: readonly [number, number];
  secret: string;
  scopes?: readonly string[];
  applicationId?: string;
  answer: { code: string; keyId?: string; applicationId?: string };
}

/** What is known of a key by those who issue it, change it and verify it. */
export class KeyHistory {
  readonly exists: Register<boolean>;
  readonly revoked = new Register(false);
  readonly enabled = new Register(true);
  readonly scopes: Register<readonly string[]>;
  /** Milliseconds since the epoch; Infinity for never. */
  readonly expiry = new Register(Infinity);
  /** Whether each of its secrets works. */
  readonly secrets = new Map<string, Register<boolean>>();
  /** Unanswered rotations: each may still end whatever secret there is. */
  private readonly openRotations = new Set<Write<boolean>>();
  private readonly told: string[] = [];

  constructor(
    /** Empty while nobody has been told. */
    public id: string,
    readonly applicationId: string,
    secret: string,
    scopes: readonly string[],
    exists: boolean,
  ) {
    this.exists = new Register(exists);
    this.scopes = new Register(scopes);
    this.secrets.set(secret, new Register(true));
  }

  get newestSecret(): string {
    return [...this.secrets.keys()].at(-1)!;
  }

  /** A rotation is sent that ends all secrets there are. */
  beginRotation(began: number): Write<boolean>[] {
    return [...this.secrets.values()].map((secret) => {
      const write = secret.begin(false, began);
      this.openRotations.add(write);
      return write;
    });
  }

  endRotation(writes: readonly Write<boolean>[], ended: number, secret: string): void {
    for (const write of writes) {
      write.ended = ended;
      this.openRotations.delete(write);
    }
    if (this.secrets.has(secret)) return;
    const live = new Register(true);
    for (const { began } of this.openRotations) live.begin(false, began);
    this.secrets.set(secret, live);
  }

  undoRotation(writes: readonly Write<boolean>[]): void {
    for (const write of writes) {
      this.openRotations.delete(write);
      for (const secret of this.secrets.values()) secret.undo(write);
    }
  }

  /** Why no order of the calls explains what was seen; undefined when one does. */
  contradiction(look: Look, clockDoubtMs: number): string | undefined {
    const { began, ended, answer } = look;
    const may = <T>(register: Register<T>, fits: (value: T) => boolean): boolean =>
      register.mayHaveBeen(fits, began, ended);
    const is = (value: boolean) => (other: boolean) => other === value;
    const secret = this.secrets.get(look.secret)!;
    const [wallBegan, wallEnded] = look.wall;
    const notExpired = may(this.expiry, (at) => at > wallBegan - clockDoubtMs);
    const covers = (scopes: readonly string[]): boolean =>
      (look.scopes ?? []).every((scope) => scopes.includes(scope));
    const isElsewhere = look.applicationId !== undefined && look.applicationId !== this.applicationId;

    switch (answer.code) {
      case 'VALID':
        if (isElsewhere) return 'the key is of another application';
        if ((this.id !== '' && answer.keyId !== this.id) || answer.applicationId !== this.applicationId)
          return `it answered for another key: ${JSON.stringify(answer)}`;
        if (!may(this.exists, is(true))) return 'nobody had issued or imported it';
        if (!may(this.revoked, is(false))) return 'its revocation had been answered';
        if (!may(secret, is(true))) return 'the rotation that ended this secret had been answered';
        if (!may(this.enabled, is(true))) return 'it had been disabled';
        if (!notExpired) return 'it had expired';
        if (!may(this.scopes, covers)) return 'its scopes had been narrowed';
        return undefined;
      case 'NOT_FOUND':
        if (isElsewhere || may(this.exists, is(false))) return undefined;
        return 'it had been issued or imported';
      case 'REVOKED':
        if (may(this.revoked, is(true)) || may(secret, is(false))) return undefined;
        return 'nobody had asked for a revocation or a rotation';
      case 'DISABLED':
        if (!may(this.enabled, is(false))) return 'it had not been disabled, or had been enabled again';
        break;
      case 'EXPIRED':
        if (!may(this.expiry, (at) => at <= wallEnded + clockDoubtMs)) return 'it had not expired';
        break;
      case 'INSUFFICIENT_PERMISSIONS':
        if (!may(this.scopes, (scopes) => !covers(scopes))) return 'it had the scopes';
        break;
      default:
        return 'such a verdict was not to be expected';
    }
    // These verdicts come after the more important reasons.
    if (!may(this.revoked, is(false))) return 'its revocation had been answered';
    return undefined;
  }

  tell(line: string): void {
    this.told.push(line);
  }

  get story(): readonly string[] {
    return this.told;
  }
}
