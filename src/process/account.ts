import { parseArgs } from 'node:util';
import { isEmail } from 'class-validator';
import { loadEnv, localAccountsOf } from '../config/env.js';
import { withLocalSecrets } from '../config/local-secrets.js';
import { AccountAdministration } from '../modules/auth/index.js';
import { systemActor } from '../shared/actor.js';
import { DomainError } from '../shared/domain-error.js';
import { answerHelp } from './answer-help.js';
import { explainFailure } from './start-failure.js';
import { withService } from './with-service.js';

const USAGE = `Usage: npm run account -- invite EMAIL
       npm run account -- reset EMAIL
       npm run account -- disable EMAIL
       npm run account -- enable EMAIL

  invite   prints a token by which somebody registers once, within 24 hours
  reset    prints a token by which somebody sets a new password once, within 24 hours
  disable  ends the sessions of somebody, and lets them in no more; their applications and keys go on working
  enable   lets them in again`;

/** What was asked for makes no sense. */
class UsageError extends Error {}

const OPERATOR = systemActor('operator');

const say = (text: string): void => {
  process.stderr.write(`${text}\n`);
};
const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

type Command = (accounts: AccountAdministration) => Promise<void>;

type Work = (accounts: AccountAdministration, email: string) => Promise<void>;

const COMMANDS: Readonly<Record<string, Work>> = {
  async invite(accounts, email) {
    const token = await accounts.invite(OPERATOR, email);
    say(
      `Invitation for ${email}, for one registration within 24 hours, shown this once. They send it as invitation:`,
    );
    say('POST /auth/register {"email": "…", "password": "…", "invitation": "…"}');
    say('In a browser they open /dashboard/link#invitation=… of the service.');
    print(token.reveal());
  },
  async reset(accounts, email) {
    const token = await accounts.issueReset(OPERATOR, email);
    say(
      `Token for a new password of ${email}, good once and for 24 hours, shown this once. They send it as token:`,
    );
    say('POST /auth/password/reset {"token": "…", "password": "…"}');
    say('In a browser they open /dashboard/link#reset=… of the service.');
    print(token.reveal());
  },
  async disable(accounts, email) {
    await accounts.disable(OPERATOR, email);
    say(
      `${email} cannot log in any more, and their sessions have ended. Their applications and keys go on working.`,
    );
  },
  async enable(accounts, email) {
    await accounts.enable(OPERATOR, email);
    say(`${email} can log in again.`);
  },
};

// The accounts of people, who is let in and who is shut out: on the operator's machine alone, with the configuration of
// the service. What is asked for is read before anything is opened.
try {
  answerHelp(process.argv.slice(2), USAGE);
  const command = read(process.argv.slice(2));
  const env = await withLocalSecrets(loadEnv(say));
  if (localAccountsOf(env) === 'off')
    throw new UsageError('There are no accounts here: LOCAL_ACCOUNTS is off.');
  await withService(env, say, (app) => command(app.get(AccountAdministration, { strict: false })));
} catch (error) {
  if (error instanceof UsageError) say(`${error.message}\n\n${USAGE}`);
  else say(error instanceof DomainError ? error.detail : explainFailure(error));
  process.exitCode = 1;
}

function read(args: string[]): Command {
  const [name = '', email = '', ...more] = positionalsOf(args);
  const work = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (work === undefined) throw new UsageError('Say what is to be done.');
  if (more.length > 0) throw new UsageError('One account at a time.');
  // As registering takes them: what is printed below has no control characters in it.
  if (!isEmail(email) || !/^[\x21-\x7e]{1,254}$/.test(email)) {
    throw new UsageError(`${name} takes the email of an account.`);
  }
  return (accounts) => work(accounts, email);
}

function positionalsOf(args: string[]): string[] {
  try {
    return parseArgs({ args, options: {}, allowPositionals: true }).positionals;
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
}
