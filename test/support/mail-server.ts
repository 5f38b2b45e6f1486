import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { eventually } from './eventually.js';

interface ReceivedMail {
  from: string;
  to: string[];
  /** With its headers, and what quoted-printable has encoded as it was. */
  text: string;
}

/** A server that takes mails over SMTP and keeps them. */
export class MailServer {
  readonly mails: ReceivedMail[] = [];
  /** What it answers the next mails instead of taking them: 451, say. */
  readonly refusals: number[] = [];
  /** Mails that were begun, whatever became of them. */
  tries = 0;
  /** While this is pending, mails wait for their answer. */
  gate: Promise<void> = Promise.resolve();
  private server: SMTPServer | undefined;

  static async start(options: SMTPServerOptions = {}): Promise<MailServer> {
    const mails = new MailServer();
    mails.server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS', 'AUTH'],
      logger: false,
      ...options,
      onData: (stream, session, done) => {
        text(stream).then((body) => mails.receive(body, session.envelope, done), done);
      },
    });
    mails.server.on('error', () => undefined);
    const listening = mails.server.listen(0, '127.0.0.1');
    if (!listening.listening) await once(listening, 'listening');
    return mails;
  }

  get port(): number {
    return (this.server?.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `smtp://127.0.0.1:${this.port}`;
  }

  /** The next mail to somebody, which is taken out. */
  async next(to: string): Promise<ReceivedMail> {
    return eventually(() => {
      const place = this.mails.findIndex((mail) => mail.to.includes(to));
      if (place === -1) throw new Error(`there is no mail to ${to} yet`);
      return this.mails.splice(place, 1)[0]!;
    });
  }

  async stop(): Promise<void> {
    await new Promise<void>((resolve) => {
      if (this.server === undefined) resolve();
      else this.server.close(resolve);
    });
  }

  private async receive(
    body: string,
    envelope: { mailFrom: false | { address: string }; rcptTo: { address: string }[] },
    done: (error?: Error | null) => void,
  ): Promise<void> {
    this.tries += 1;
    await this.gate;
    const responseCode = this.refusals.shift();
    if (responseCode !== undefined) {
      done(Object.assign(new Error('not now'), { responseCode }));
      return;
    }
    this.mails.push({
      from: envelope.mailFrom === false ? '' : envelope.mailFrom.address,
      to: envelope.rcptTo.map(({ address }) => address),
      text: body
        .replace(/=\r?\n/g, '')
        .replace(/=([0-9A-F]{2})/g, (_, code: string) => String.fromCharCode(parseInt(code, 16))),
    });
    done();
  }
}

/** The one-time token in a mail. */
export function tokenIn({ text: body }: ReceivedMail): string {
  const [token = ''] = /upblit_ot_[\w-]{43}/.exec(body) ?? [];
  return token;
}
