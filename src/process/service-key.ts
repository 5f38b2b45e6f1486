import { parseArgs } from 'node:util';
import { loadEnv } from '../config/env.js';
import { withLocalSecrets } from '../config/local-secrets.js';
import { printable } from '../infrastructure/logging/printable.js';
import { MAX_OVERLAP_SECONDS, ServiceKeyService } from '../modules/api-keys/index.js';
import { systemActor } from '../shared/actor.js';
import { DomainError } from '../shared/domain-error.js';
import { isUuid } from '../shared/uuid.js';
import { answerHelp } from './answer-help.js';
import { explainFailure } from './start-failure.js';
import { withService } from './with-service.js';

const USAGE = `Usage: npm run service-key -- create --name NAME --scopes keys:verify [--expires-at TIME]
       npm run service-key -- list
       npm run service-key -- rotate ID [--overlap-seconds SECONDS]
       npm run service-key -- revoke ID

Makes and ends service keys of the platform, by which a service or a gateway verifies the keys of every application.
Those of one application are made on the dashboard, or by POST /applications/{id}/service-keys.
TIME is such as 2027-05-27T10:00:00Z; the ID is the first column of list.`;

/** A key of the platform belongs to no application, so there is nothing that it could manage. */
const SCOPE = 'keys:verify';

const OPTIONS = {
  name: { type: 'string' },
  scopes: { type: 'string' },
  'expires-at': { type: 'string' },
  'overlap-seconds': { type: 'string' },
} as const;

/** What was asked for makes no sense. */
class UsageError extends Error {}

type Command = (keys: ServiceKeyService) => Promise<void>;

const OPERATOR = systemActor('operator');

const say = (text: string): void => {
  process.stderr.write(`${text}\n`);
};
const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

// The service keys of the platform, which verify the keys of every application: on the operator's machine alone, with
// the configuration of the service. What is asked for is read before anything is opened.
try {
  answerHelp(process.argv.slice(2), USAGE);
  const command = read(process.argv.slice(2));
  await withKeys(command);
} catch (error) {
  if (error instanceof UsageError) say(`${error.message}\n\n${USAGE}`);
  else say(error instanceof DomainError ? error.detail : explainFailure(error));
  process.exitCode = 1;
}

function read(args: string[]): Command {
  const { positionals, values } = parse(args);
  const [name = '', id, ...more] = positionals;
  const options = Object.keys(values);
  const allow = (...allowed: (keyof typeof OPTIONS)[]): void => {
    const other = options.find((option) => !(allowed as string[]).includes(option));
    if (other !== undefined) throw new UsageError(`${name} takes no --${other}.`);
  };
  if (more.length > 0) throw new UsageError('One key at a time.');
  if (name === 'create' && id === undefined) {
    allow('name', 'scopes', 'expires-at');
    return create(values.name ?? '', values.scopes, values['expires-at']);
  }
  if (name === 'list' && id === undefined) {
    allow();
    return list;
  }
  if (id !== undefined && !isUuid(id.toLowerCase()))
    throw new UsageError('The ID is the first column of `list`.');
  if (name === 'rotate' && id !== undefined) {
    allow('overlap-seconds');
    return rotate(id.toLowerCase(), values['overlap-seconds'] ?? '0');
  }
  if (name === 'revoke' && id !== undefined) {
    allow();
    return revoke(id.toLowerCase());
  }
  throw new UsageError('Say what is to be done.');
}

function parse(args: string[]): {
  positionals: string[];
  values: Partial<Record<keyof typeof OPTIONS, string>>;
} {
  try {
    return parseArgs({ args, options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
}

function create(name: string, scopes: string | undefined, expiresAt: string | undefined): Command {
  const trimmed = name.trim();
  if (trimmed.length < 1 || trimmed.length > 100) throw new UsageError('--name takes 1 to 100 characters.');
  if (scopes !== SCOPE) throw new UsageError(`--scopes takes ${SCOPE}, and nothing else.`);
  const expiry = expiresAt === undefined ? null : new Date(expiresAt);
  if (expiry !== null && Number.isNaN(expiry.getTime())) {
    throw new UsageError('--expires-at takes a time such as 2027-05-27T10:00:00Z.');
  }
  return async (keys) => {
    const settings = { name: trimmed, scopes: [SCOPE], expiresAt: expiry };
    const { id, plaintext } = await keys.issue(OPERATOR, null, settings);
    say(`Service key ${id} of the platform, shown this once:`);
    print(plaintext.reveal());
  };
}

async function list(keys: ServiceKeyService): Promise<void> {
  const now = new Date();
  let count = 0;
  let cursor: string | undefined;
  do {
    const page = await keys.list(null, { limit: 100, ...(cursor !== undefined && { cursor }) });
    count += page.data.length;
    for (const key of page.data) {
      const expiry = key.expiresAt?.toISOString() ?? 'never expires';
      print([key.id, key.status(now), key.hint, expiry, printable(key.name)].join('\t'));
    }
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  if (count === 0)
    say('The platform has no service keys. Those of an application are listed on its dashboard.');
}

function rotate(id: string, seconds: string): Command {
  const overlapSeconds = /^\d{1,7}$/.test(seconds) ? Number(seconds) : Infinity;
  if (overlapSeconds > MAX_OVERLAP_SECONDS) {
    throw new UsageError(`--overlap-seconds takes 0 to ${MAX_OVERLAP_SECONDS}.`);
  }
  return async (keys) => {
    const { plaintext } = await keys.rotate(OPERATOR, await keys.get(null, id), { overlapSeconds });
    say(`The new secret of service key ${id}, shown this once:`);
    print(plaintext.reveal());
  };
}

function revoke(id: string): Command {
  return async (keys) => {
    await keys.revoke(OPERATOR, await keys.get(null, id));
    say(`Service key ${id} is revoked: no node accepts it any more.`);
  };
}

async function withKeys(command: Command): Promise<void> {
  const env = await withLocalSecrets(loadEnv(say));
  await withService(env, say, (app) => command(app.get(ServiceKeyService, { strict: false })));
}
