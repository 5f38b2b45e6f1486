import { createTransport } from 'nodemailer';
import { MailDelayed, Mailer, type Mail } from '../application/mailer.js';

// All in milliseconds.
const CONNECTION_TIMEOUT = 10_000;
const ANSWER_TIMEOUT = 20_000;
/** Before the second try and the third: a server may ask to come back later. */
const PAUSES = [1000, 10_000];

const THIS_MACHINE = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Mails over SMTP (RFC 5321), encrypted unless the server is on this machine or the URL says `requireTLS=false`. */
export class SmtpMailer extends Mailer {
  readonly isAvailable = true;
  private readonly transport: ReturnType<typeof transportTo>;

  constructor(
    url: string,
    private readonly from: string,
    private readonly pauses: readonly number[] = PAUSES,
  ) {
    super();
    this.transport = transportTo(url);
  }

  send(mail: Mail): Promise<void> {
    return this.attempt(mail, this.pauses);
  }

  /** @param pauses before the tries that are left after this one */
  private async attempt(mail: Mail, [pause, ...later]: readonly number[]): Promise<void> {
    const { to, subject, text } = mail;
    try {
      // Not as a text, in which commas would part one address from the next.
      await this.transport.sendMail({ from: this.from, to: { name: '', address: to }, subject, text });
    } catch (error) {
      if (pause === undefined || isFinal(error)) throw error;
      throw new MailDelayed(pause, () => this.attempt(mail, later), error);
    }
  }
}

/** Where no mails are sent. */
export class NoMailer extends Mailer {
  readonly isAvailable = false;

  send(): Promise<void> {
    return Promise.reject(new Error('no mails are sent here'));
  }
}

function transportTo(url: string) {
  return createTransport({
    url,
    // What the URL says besides comes before these.
    requireTLS: !THIS_MACHINE.has(new URL(url).hostname),
    connectionTimeout: CONNECTION_TIMEOUT,
    greetingTimeout: CONNECTION_TIMEOUT,
    socketTimeout: ANSWER_TIMEOUT,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
}

/** Whether the server has refused this mail for good (RFC 5321, section 4.2.1). */
function isFinal(error: unknown): boolean {
  const { responseCode } = error as { responseCode?: unknown };
  return typeof responseCode === 'number' && responseCode >= 500;
}
