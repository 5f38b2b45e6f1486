import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { chmodSync, closeSync, fchmodSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { answerHelp, fail, say } from './lib/checkout.mjs';

// `npm run secrets`: writes new secrets into .env, for docker-compose.yml or for any installation of your own, and lets
// nobody else read that file. What stands there already stays: losing API_KEY_PEPPERS makes every issued key useless.
const FILE = '.env';

const MAKERS = {
  POSTGRES_PASSWORD: () => randomBytes(24).toString('hex'),
  POSTGRES_SERVICE_PASSWORD: () => randomBytes(24).toString('hex'),
  API_KEY_PEPPERS: () => `1=${randomBytes(32).toString('base64url')}`,
  JWT_SIGNING_KEY: signingKey,
  AUDIT_SIGNING_KEY: signingKey,
  METRICS_TOKEN: () => randomBytes(32).toString('base64url'),
};

const USAGE = 'Usage: npm run secrets';
answerHelp(USAGE);
if (process.argv.length > 2) fail(USAGE);

const before = readIfThere();
const there = parseEnv(before);
const isThere = (name) => [name, `${name}_FILE`].some((key) => (there[key] ?? '').trim() !== '');
const missing = Object.keys(MAKERS).filter((name) => !isThere(name));
if (missing.length === 0) {
  chmodSync(FILE, 0o600);
  fail(`${FILE} has every secret already. None was replaced.`, 0);
}

const lines = missing.map((name) => `${name}=${MAKERS[name]()}\n`);
const file = openSync(FILE, 'a', 0o600);
// Before there is anything to read in it: a file that was there may be open to others.
fchmodSync(file, 0o600);
writeSync(file, (before === '' || before.endsWith('\n') ? '' : '\n') + lines.join(''));
fsyncSync(file);
closeSync(file);
say(`Wrote ${missing.join(', ')} to ${FILE}, which only you can read.`);
if (missing.includes('API_KEY_PEPPERS')) {
  say('Keep a copy apart from the backups of the database: without API_KEY_PEPPERS no key can be verified.');
}

function signingKey() {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return Buffer.from(privateKey.export({ type: 'pkcs8', format: 'pem' })).toString('base64');
}

function readIfThere() {
  try {
    return readFileSync(FILE, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return '';
    return fail(`${FILE} cannot be read: ${error.code}`);
  }
}
