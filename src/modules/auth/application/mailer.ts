export interface Mail {
  to: string;
  subject: string;
  text: string;
}

/** A mail that could not be sent just now, and is to be tried again. */
export class MailDelayed extends Error {
  override readonly name = 'MailDelayed';

  /**
   * @param pause in milliseconds, before it is tried again
   * @param again rejects as `Mailer.send` does
   */
  constructor(
    readonly pause: number,
    readonly again: () => Promise<void>,
    cause: unknown,
  ) {
    super('the mail could not be sent yet', { cause });
  }
}

/** What sends mails. */
export abstract class Mailer {
  /** False where none are sent. */
  abstract readonly isAvailable: boolean;
  /**
   * Resolves when the mail was taken over by a server. Rejects when that was tried in vain, with `MailDelayed` when it is
   * to be tried again.
   */
  abstract send(mail: Mail): Promise<void>;
}

/** Where mails lead to. */
export class MailLinks {
  /** @param page a page of the operator's, which reads the token after the `#`; null for none, and mails hold the token */
  constructor(private readonly page: string | null) {}

  /** Behind a `#` no browser sends it to anybody. */
  to(action: 'reset' | 'verify', token: string): string {
    return this.page === null ? token : `${this.page}#${action}=${token}`;
  }
}
