import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import type { INestApplicationContext } from '@nestjs/common';
import { loadEnv, migrationUrlsOf, type Env } from '../config/env.js';
import { withLocalSecrets } from '../config/local-secrets.js';
import { describeError } from '../infrastructure/logging/describe-error.js';
import { printable } from '../infrastructure/logging/printable.js';
import {
  AuditRepository,
  AuditRetention,
  AuditService,
  CheckpointKeys,
  checkpointsOfLines,
  verifyExport,
  verifyStore,
  type AuditHead,
  type AuditVerdict,
  type VerificationOptions,
} from '../modules/audit/index.js';
import { systemActor } from '../shared/actor.js';
import { answerHelp } from './answer-help.js';
import { explainFailure } from './start-failure.js';
import { withService } from './with-service.js';

const USAGE = `Usage: npm run audit:verify [-- [FILE...] [--jwks FILE] [--checkpoints FILE]]
       npm run audit:export [-- [CHAIN] [--format chain|ocsf]]
       npm run audit:prune -- --before TIME (CHAIN | --all)

audit:verify looks at the database, or at exports alone, and ends with 1 when anything is not as it was written.
  --jwks         the keys of checkpoints: a copy of /.well-known/jwks.json. Those of the configuration by default.
  --checkpoints  checkpoints that were kept elsewhere: the log of the service, or earlier exports.
CHAIN is the id of an application, also of a deleted one, or one of service-00 to service-15; audit:export prints all
that there are when none is named.`;

const OPTIONS = {
  jwks: { type: 'string' },
  checkpoints: { type: 'string', multiple: true },
  format: { type: 'string' },
  before: { type: 'string' },
  all: { type: 'boolean' },
} as const;

const CHAIN = /^(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|service-(?:0\d|1[0-5]))$/;

/** Events between two lines of progress. */
const PROGRESS = 10_000;

/** What was asked for makes no sense. */
class UsageError extends Error {}

type Options = Partial<{
  jwks: string;
  checkpoints: string[];
  format: string;
  before: string;
  all: boolean;
}>;

const OPERATOR = systemActor('operator');

const say = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

/** Nobody reads any more, as after `| head`. */
class NobodyReads extends Error {}

let isRead = true;
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  isRead = false;
});

/** Waits for whoever reads. */
const print = async (text: string): Promise<void> => {
  if (!isRead) throw new NobodyReads();
  if (process.stdout.write(text)) return;
  await once(process.stdout, 'drain').catch((error: unknown) => {
    throw isRead ? error : new NobodyReads();
  });
};

// The audit trail, for the operator: whether it is whole, what is in it, and what need not be kept any more.
try {
  answerHelp(process.argv.slice(2), USAGE);
  await read(process.argv.slice(2))();
} catch (error) {
  if (error instanceof UsageError) say(`${error.message}\n\n${USAGE}`);
  else if (!(error instanceof NobodyReads)) say(explainFailure(error));
  process.exitCode = error instanceof NobodyReads ? 0 : 2;
}

function read(args: string[]): () => Promise<void> {
  const { positionals, values } = parse(args);
  const [command = '', ...names] = positionals;
  const allow = (...allowed: (keyof Options)[]): void => {
    const other = Object.keys(values).find((option) => !(allowed as string[]).includes(option));
    if (other !== undefined) throw new UsageError(`audit:${command} takes no --${other}.`);
  };
  if (command === 'verify') {
    allow('jwks', 'checkpoints');
    return () => verify(names, values);
  }
  if (command === 'export') {
    allow('format');
    const { format = 'chain' } = values;
    if (format !== 'chain' && format !== 'ocsf') throw new UsageError('--format takes chain or ocsf.');
    const [chain, ...more] = names.map(readChain);
    if (more.length > 0) throw new UsageError('One chain at a time.');
    return () => exportChain(chain, format);
  }
  if (command === 'prune') {
    allow('before', 'all');
    const before = new Date(values.before ?? '');
    if (Number.isNaN(before.getTime()) || before > new Date()) {
      throw new UsageError('--before takes a time that is over, such as 2026-05-27T10:00:00Z.');
    }
    const chains = names.map(readChain);
    if ((chains.length === 1) === (values.all === true)) throw new UsageError('Name one chain, or --all.');
    return () => prune(chains[0], before);
  }
  throw new UsageError('Say what is to be done.');
}

function readChain(name: string): string {
  if (CHAIN.test(name.toLowerCase())) return name.toLowerCase();
  throw new UsageError('A chain is the id of an application, or one of service-00 to service-15.');
}

function parse(args: string[]): { positionals: string[]; values: Options } {
  try {
    return parseArgs({ args, options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
}

async function verify(files: readonly string[], { jwks, checkpoints = [] }: Options): Promise<void> {
  const known: AuditHead[] = [];
  const given = jwks === undefined ? undefined : CheckpointKeys.ofJwks(JSON.parse(await text(jwks)));
  const examine = async (
    keys: CheckpointKeys,
    look: (options: VerificationOptions) => Promise<AuditVerdict>,
  ): Promise<void> => {
    if (keys.published.length === 0) {
      throw new UsageError(
        'There are no keys of checkpoints: set AUDIT_SIGNING_KEY, or name a file with --jwks.',
      );
    }
    for (const file of checkpoints) known.push(...checkpointsOf(await text(file), keys));
    report(await look({ keys, known, progress }));
  };
  if (files.length > 0) {
    const keys = given ?? keysOf(await withLocalSecrets(loadEnv(say)));
    await examine(keys, (options) => verifyExport(() => linesOf(files), options));
    return;
  }
  await withService(await withLocalSecrets(loadEnv(say)), say, async (app) => {
    const keys = given ?? app.get<CheckpointKeys>(CheckpointKeys, { strict: false });
    await examine(keys, (options) => verifyStore(app.get(AuditRepository, { strict: false }), options));
  });
}

function keysOf({ AUDIT_SIGNING_KEY: key, AUDIT_PREVIOUS_KEYS: previous = [] }: Env): CheckpointKeys {
  return new CheckpointKeys(key === undefined ? previous : [key, ...previous]);
}

/** Those of an export are signed; the log is the operator's own word. */
function checkpointsOf(lines: string, keys: CheckpointKeys): AuditHead[] {
  const signed = [...lines.matchAll(/"(?:checkpoint|end)":"([\w-]+\.[\w-]+\.[\w-]+)"/g)];
  return [...checkpointsOfLines(lines), ...signed.flatMap(([, jws = '']) => keys.read(jws) ?? [])];
}

function progress(events: number): void {
  if (events % PROGRESS === 0) say(`${events} events …`);
}

function report({ events, chains, unsealed, findings }: AuditVerdict): void {
  for (const { chain, seq, problem } of findings) {
    // An export says what whoever handed it over wants it to.
    say(printable(`${chain} ${seq}: ${problem}`));
  }
  say(
    `${many(events, 'event')} of ${many(chains, 'chain')} were looked at; ${unsealed === 0 ? 'checkpoints cover all of them' : `no checkpoint covers ${unsealed} of them yet`}.`,
  );
  if (findings.length === 0) say('Everything is as it was written.');
  else {
    say(`What is wrong begins in ${many(findings.length, 'place')}.`);
    process.exitCode = 1;
  }
}

function many(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

async function exportChain(chain: string | undefined, format: 'chain' | 'ocsf'): Promise<void> {
  await withService(await withLocalSecrets(loadEnv(say)), say, async (app) => {
    const audit = app.get(AuditService, { strict: false });
    for await (const one of chain === undefined ? chainsOf(app) : [chain]) {
      for await (const lines of await audit.exportAlone(one, format)) await print(lines);
    }
  });
}

async function prune(chain: string | undefined, before: Date): Promise<void> {
  const env = await withLocalSecrets(loadEnv(say));
  // Who serves may not delete: the role that owns the tables does.
  const url = migrationUrlsOf(env)?.url;
  try {
    const asOwner = url === undefined ? env : { ...env, DATABASE_URL: url };
    // That this role owns the tables need not be said.
    await withService(
      asOwner,
      () => undefined,
      async (app) => {
        const retention = app.get(AuditRetention, { strict: false });
        let deleted = 0;
        for await (const one of chain === undefined ? chainsOf(app) : [chain]) {
          deleted += await retention.prune(OPERATOR, one, before);
        }
        say(
          deleted === 0
            ? 'No event was deleted: no checkpoint from before that time covers any.'
            : `${deleted} events were deleted. A checkpoint stands for those of each chain, and an event says so.`,
        );
      },
    );
  } catch (error) {
    if (describeError(error).code !== '42501') throw error;
    throw new UsageError(
      'Only the role that owns the tables may delete: set DATABASE_MIGRATION_URL, or with the embedded database, run this while the service runs.',
      { cause: error },
    );
  }
}

async function* chainsOf(app: INestApplicationContext): AsyncGenerator<string> {
  const audit = app.get(AuditRepository, { strict: false });
  let last = '';
  let page: string[];
  do {
    page = await audit.chains(last, 100);
    yield* page;
    last = page.at(-1) ?? last;
  } while (page.length > 0);
}

async function text(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${describeError(error).code ?? 'for no known reason'}.`, {
      cause: error,
    });
  }
}

async function* linesOf(files: readonly string[]): AsyncGenerator<string> {
  for (const file of files) {
    const input = createReadStream(file);
    await once(input, 'open').catch((error: unknown) => {
      throw new UsageError(`${file} cannot be read: ${describeError(error).code ?? 'for no known reason'}.`);
    });
    for await (const line of createInterface({ input, crlfDelay: Infinity })) {
      if (line !== '') yield line;
    }
  }
}
