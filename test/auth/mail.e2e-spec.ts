import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import request from 'supertest';
import { MailQueue } from '../../src/modules/auth/application/mail-queue.js';
import { MailDelayed, Mailer } from '../../src/modules/auth/application/mailer.js';
import { SmtpMailer } from '../../src/modules/auth/infrastructure/smtp-mailer.js';
import { eventually } from '../support/eventually.js';
import { EventLog } from '../support/event-log.js';
import { FakeClock } from '../support/fake-clock.js';
import { MailServer, tokenIn } from '../support/mail-server.js';
import { PASSWORD, signIn, type SignedIn } from '../support/sign-in.js';
import { TestApp } from '../support/test-app.js';

const NEW_PASSWORD = 'a longer walk in the mountains';
const FROM = 'Upblit <keys@example.com>';
const HOUR = 3600_000;

const clock = new FakeClock();
let server: MailServer;
let app: TestApp;
let log: EventLog;
let person: SignedIn;
let email: string;

beforeAll(async () => {
  server = await MailServer.start();
  app = await TestApp.start({
    clock,
    env: { SMTP_URL: server.url, MAIL_FROM: FROM, AUTH_RATE_LIMIT_WINDOW_SECONDS: '60' },
  });
  log = await EventLog.of(app);
});
beforeEach(async () => {
  person = await signIn(app);
  ({ email } = person.user);
});
afterAll(async () => {
  await app.stop();
  await server.stop();
});

const post = (path: string, body: object, token?: string): request.Test => {
  const call = request(app.http).post(path).send(body);
  return token === undefined ? call : call.auth(token, { type: 'bearer' });
};
const forgot = (address: string): request.Test => post('/auth/password/forgot', { email: address });
const reset = (token: string, password = NEW_PASSWORD): request.Test =>
  post('/auth/password/reset', { token, password });
const verifyEmail = (token: string): request.Test => post('/auth/email/verify', { token });
const askAgain = (): request.Test =>
  request(app.http).post('/auth/email/verification').auth(person.accessToken, { type: 'bearer' });
const isVerified = async (): Promise<unknown> =>
  (await request(app.http).get('/auth/me').auth(person.accessToken, { type: 'bearer' }).expect(200)).body
    .emailVerified;
/** All that was asked for so far has come to its end. */
const quiet = (): Promise<void> => app.nest.get(MailQueue).idle();

describe('A forgotten password', () => {
  it('is replaced with the token of a mail, which is good once', async () => {
    await server.next(email);
    expect((await forgot(email)).status).toBe(202);
    const mail = await server.next(email);
    expect(mail).toMatchObject({ from: 'keys@example.com', to: [email] });
    expect(mail.text).toContain(`From: ${FROM}`);
    const token = tokenIn(mail);
    expect((await reset(token)).status).toBe(204);
    expect((await post('/auth/login', { email, password: NEW_PASSWORD })).status).toBe(200);
    expect((await post('/auth/refresh', { refreshToken: person.refreshToken })).status).toBe(401);
    expect((await reset(token)).body.code).toBe('invalid_one_time_token');
  });

  it('is replaced within a day', async () => {
    await server.next(email);
    await forgot(email.toUpperCase());
    const token = tokenIn(await server.next(email));
    clock.advance(24 * HOUR);
    expect((await reset(token)).body.code).toBe('invalid_one_time_token');
  });

  it('is asked for with one answer and one piece of work, whether or not anybody has the email', async () => {
    await quiet();
    // What there is to tell from one another happens after the answers: nobody gets past the queue meanwhile.
    const queue = app.nest.get(MailQueue);
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    queue.add(() => gate);
    queue.add(() => gate);
    const { tries } = server;
    const addresses = [email, `nobody-${email}`, 'no email at all'];
    const answers = [];
    for (const address of addresses) answers.push(await forgot(address));
    expect(queue.waiting).toBe(addresses.length);
    open();
    for (const { status, text, headers } of answers) {
      expect([status, text, Object.keys(headers)]).toEqual([202, '', Object.keys(answers[0]!.headers)]);
    }
    await quiet();
    expect(server.tries).toBe(tries + 1);
    expect(tokenIn(await server.next(email))).not.toBe('');
  });

  it('is asked for a few times in a while, whether or not anybody has the email', async () => {
    for (const address of [email, `nobody-${email}`]) {
      for (let time = 0; time < 3; time += 1) expect((await forgot(address)).status).toBe(202);
      const answer = await forgot(address.toUpperCase());
      expect([answer.status, answer.body.code]).toEqual([429, 'too_many_requests']);
      expect(answer.headers['ratelimit-policy']).toBe('"account";q=3;w=60');
    }
    clock.advance(60_000);
    expect((await forgot(email)).status).toBe(202);
    await quiet();
    // And the one of the registration.
    expect(server.mails.filter(({ to }) => to.includes(email))).toHaveLength(5);
  });

  it('is replaced by nobody whose account is disabled', async () => {
    await server.next(email);
    await app.query('UPDATE users SET disabled_at = now() WHERE id = $1', [person.user.id]);
    expect((await forgot(email)).status).toBe(202);
    await quiet();
    expect(server.mails.filter(({ to }) => to.includes(email))).toEqual([]);
  });

  it.each([
    {},
    { email: 7 },
    { email: ['a@example.org'] },
    { email: 'x'.repeat(255) },
    { email: 'a', more: 1 },
  ])('is not asked for with %j', async (body) => {
    const answer = await post('/auth/password/forgot', body);
    expect([answer.status, answer.body.code]).toEqual([400, 'validation_failed']);
  });

  it('is written down without the token, in the name of nobody in particular', async () => {
    await server.next(email);
    const events = await log.during(async () => {
      await forgot(email);
      await quiet();
    });
    expect(events).toMatchObject([
      {
        name: 'PasswordResetIssued',
        target: { kind: 'user', id: person.user.id },
        actor: { issuer: 'system', subject: 'mail', address: '127.0.0.1', requestId: expect.any(String) },
      },
    ]);
    const token = tokenIn(await server.next(email));
    expect(JSON.stringify(events)).not.toContain(token);
    const [row] = (await app.query('SELECT json_agg(t)::text AS text FROM one_time_tokens t')) as [
      { text: string },
    ];
    expect(row.text).not.toContain(token.slice('upblit_ot_'.length));
  });
});

describe('An email', () => {
  it('is verified with the token of the mail that follows the registration', async () => {
    expect(await isVerified()).toBe(false);
    const token = tokenIn(await server.next(email));
    const events = await log.during(() => verifyEmail(token).expect(204));
    expect(events).toMatchObject([
      { name: 'EmailVerified', actor: { issuer: 'local', subject: person.user.id } },
    ]);
    expect(await isVerified()).toBe(true);
    expect((await verifyEmail(token)).body.code).toBe('invalid_one_time_token');
  });

  it('is verified with the token of another mail that was asked for, until it is', async () => {
    const first = tokenIn(await server.next(email));
    expect((await askAgain()).status).toBe(202);
    const second = tokenIn(await server.next(email));
    expect(second).not.toBe(first);
    await verifyEmail(second).expect(204);
    expect((await askAgain()).status).toBe(202);
    await quiet();
    expect(server.mails.filter(({ to }) => to.includes(email))).toEqual([]);
  });

  it('is not verified with a token that is late, or means something else', async () => {
    const token = tokenIn(await server.next(email));
    await forgot(email);
    expect((await verifyEmail(tokenIn(await server.next(email)))).status).toBe(401);
    expect((await reset(token)).status).toBe(401);
    clock.advance(24 * HOUR);
    expect((await verifyEmail(token)).body.code).toBe('invalid_one_time_token');
    expect((await verifyEmail('upblit_ot_x')).body.code).toBe('invalid_one_time_token');
  });

  it('is asked to be verified a few times in a while', async () => {
    for (let time = 0; time < 3; time += 1) expect((await askAgain()).status).toBe(202);
    expect((await askAgain()).status).toBe(429);
    await quiet();
  });
});

describe('A mail', () => {
  it('that the server cannot take just now is sent again', async () => {
    const queue = app.nest.get(MailQueue);
    await quiet();
    const mailer = new SmtpMailer(server.url, FROM, [1, 1]);
    server.refusals.push(451, 451);
    const { tries } = server;
    queue.add(() => mailer.send({ to: email, subject: 'Again', text: 'and again' }));
    await quiet();
    expect(server.tries).toBe(tries + 3);
    expect(server.mails.filter(({ text }) => text.includes('Subject: Again'))).toHaveLength(1);
  });

  it('that is to be sent again keeps no other waiting, neither while it pauses nor afterwards', async () => {
    await quiet();
    const queue = new MailQueue();
    // More than there are places, in which each of them would pause for an hour.
    const patient = new SmtpMailer(server.url, FROM, [HOUR]);
    server.refusals.push(450, 450, 450);
    for (let i = 0; i < 3; i += 1) queue.add(() => patient.send({ to: email, subject: 'x', text: 'x' }));
    const mailer = new SmtpMailer(server.url, FROM, [1]);
    await new Promise<void>((resolve) => {
      queue.add(() => mailer.send({ to: email, subject: 'Past them', text: 'x' }).then(resolve));
    });
    expect([server.refusals, queue.waiting, queue.counts.failed]).toEqual([[], 3, 0]);

    // One whose pause is over comes after all that are new.
    const order: string[] = [];
    const gates: (() => void)[] = [];
    const gate = (): Promise<void> => new Promise((resolve) => gates.push(resolve));
    const note = (name: string): Promise<void> => Promise.resolve(void order.push(name));
    queue.add(gate);
    queue.add(() => Promise.reject(new MailDelayed(1, () => note('again'), new Error('not now'))));
    queue.add(gate);
    await eventually(() => {
      expect(gates).toHaveLength(2);
    });
    // A timer that was set later, and for longer, is later.
    await sleep(10);
    queue.add(() => note('new'));
    gates.pop()?.();
    await eventually(() => {
      expect(order).toEqual(['new', 'again']);
    });
    gates.pop()?.();
    expect([queue.waiting, queue.counts.failed]).toEqual([3, 0]);
  });

  it('that the server refuses for good is not sent again, and harms no other', async () => {
    await quiet();
    server.refusals.push(550);
    const { tries } = server;
    const { counts } = app.nest.get(MailQueue);
    const before = counts.failed;
    await forgot(email);
    await quiet();
    expect([server.tries - tries, counts.failed - before]).toEqual([1, 1]);
    await forgot(email);
    await quiet();
    expect(server.tries - tries).toBe(2);
  });

  it('goes to the one address that there is, whatever it is made of', async () => {
    const odd = `"a, b@example.org"-${randomUUID()}@example.org`;
    const mailer = app.nest.get(Mailer);
    await mailer.send({ to: odd, subject: 'One', text: 'text' }).catch(() => undefined);
    for (const { to } of server.mails) expect(to).toHaveLength(1);
    expect(server.mails.flatMap(({ to }) => to)).not.toContain('b@example.org');
  });

  it('waits among a bounded number of others, and beyond them is refused', async () => {
    await quiet();
    const queue = app.nest.get(MailQueue);
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    for (let job = 0; job < 1002; job += 1) queue.add(() => gate);
    for (const address of [email, `nobody-${email}`]) {
      const answer = await forgot(address);
      expect([answer.status, answer.body.code]).toEqual([503, 'service_unavailable']);
      expect(answer.headers['retry-after']).toBe('60');
    }
    // Whoever registers meanwhile does.
    expect((await signIn(app)).accessToken).toBeDefined();
    open();
    await quiet();
    expect((await forgot(email)).status).toBe(202);
    await quiet();
  });

  it('is not sent without encryption to another machine, unless that is asked for', async () => {
    await quiet();
    const { tries } = server;
    const url = server.url.replace('127.0.0.1', '0.0.0.0');
    await expect(
      new SmtpMailer(url, FROM, []).send({ to: email, subject: 'x', text: 'x' }),
    ).rejects.toMatchObject({ code: 'ETLS' });
    expect(server.tries).toBe(tries);
    await new SmtpMailer(`${url}?requireTLS=false`, FROM, []).send({ to: email, subject: 'x', text: 'x' });
    expect(server.tries).toBe(tries + 1);
  });

  it('leads to a page where there is one, which keeps the token from other servers', async () => {
    const page = 'https://keys.example.com/account';
    const node = await TestApp.start({
      database: app.database,
      env: { SMTP_URL: server.url, MAIL_FROM: FROM, MAIL_LINK_URL: page },
    });
    try {
      await request(node.http).post('/auth/password/forgot').send({ email }).expect(202);
      await node.nest.get(MailQueue).idle();
      const [mail] = server.mails.filter(({ text }) => text.includes(page));
      expect(mail?.text).toContain(`${page}#reset=${tokenIn(mail!)}`);
    } finally {
      await node.stop();
    }
  });
});

describe('Without SMTP_URL', () => {
  it('nobody is mailed, and nobody is told that their email is not verified', async () => {
    const node = await TestApp.start();
    try {
      const { accessToken, user } = await signIn(node);
      const answers = [
        await request(node.http).post('/auth/password/forgot').send({ email: user.email }),
        await request(node.http).post('/auth/email/verification').auth(accessToken, { type: 'bearer' }),
      ];
      for (const { status, body } of answers) expect([status, body.code]).toEqual([404, 'not_found']);
      const me = await request(node.http).get('/auth/me').auth(accessToken, { type: 'bearer' });
      expect(me.body).toEqual({ ...user, scope: expect.any(String) });
      expect(
        (await request(node.http).post('/auth/login').send({ email: user.email, password: PASSWORD })).status,
      ).toBe(200);
    } finally {
      await node.stop();
    }
  });
});
