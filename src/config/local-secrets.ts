import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { EnvError, mayGenerateSecrets, type Env } from './env.js';
import { pepperVersionProblem } from './secrets.js';
import { variables } from './variables.js';

/** What is kept in `DATA_DIR/secrets`, by the variable it stands in for. */
const KEPT = {
  JWT_SIGNING_KEY: { file: 'jwt-signing-key.pem', generate: generateSigningKey },
  AUDIT_SIGNING_KEY: { file: 'audit-signing-key.pem', generate: generateSigningKey },
  API_KEY_PEPPERS: { file: 'api-key-peppers', generate: generatePeppers },
};

/**
 * The configuration with the secrets that the embedded mode may make up: what the environment leaves out is
 * generated once, kept in `DATA_DIR/secrets` for this user alone (0600), and read again at every later start.
 * Call it before DATABASE_URL is set to the embedded database. Throws EnvError when a kept file is damaged.
 */
export async function withLocalSecrets(env: Env): Promise<Env> {
  if (!mayGenerateSecrets(env)) return env;
  const peppers = env.API_KEY_PEPPERS ?? (await keptSecret(env.DATA_DIR, 'API_KEY_PEPPERS'));
  const problem = pepperVersionProblem(peppers, env.API_KEY_PEPPER_VERSION);
  if (problem !== null) throw new EnvError([`API_KEY_PEPPER_VERSION ${problem}`]);
  return Object.freeze({
    ...env,
    JWT_SIGNING_KEY: env.JWT_SIGNING_KEY ?? (await keptSecret(env.DATA_DIR, 'JWT_SIGNING_KEY')),
    AUDIT_SIGNING_KEY: env.AUDIT_SIGNING_KEY ?? (await keptSecret(env.DATA_DIR, 'AUDIT_SIGNING_KEY')),
    API_KEY_PEPPERS: peppers,
  });
}

async function keptSecret<Name extends keyof typeof KEPT>(
  dataDir: string,
  name: Name,
): Promise<ReturnType<(typeof variables)[Name]['parse']>> {
  const directory = join(dataDir, 'secrets');
  const path = join(directory, KEPT[name].file);
  // Others may pass: the embedded PostgreSQL runs under another user when we are root, and keeps its part here.
  const text = await inDataDir(async () => {
    await mkdir(dataDir, { recursive: true, mode: 0o711 });
    await mkdir(directory, { recursive: true, mode: 0o700 });
    return (await readIfThere(path)) ?? (await createOnce(path, KEPT[name].generate()));
  });
  try {
    return variables[name].parse(text.trim()) as ReturnType<(typeof variables)[Name]['parse']>;
  } catch (error) {
    throw new EnvError([`${name} as kept in ${path} ${(error as Error).message}: restore that file`]);
  }
}

/** What the file system refuses is told by the variable that can be changed. */
async function inDataDir<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code, path } = error as NodeJS.ErrnoException;
    if (code === undefined || path === undefined) throw error;
    throw new EnvError([`DATA_DIR cannot be used: ${code} at ${path}`]);
  }
}

/** Writes a file whole or not at all, unless it is there already; returns what is in it. */
async function createOnce(path: string, text: string): Promise<string> {
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  const file = await open(draft, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
    // A link never replaces: of two processes that start at once, both go on with the first one's secret.
    await link(draft, path);
    return text;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return await readFile(path, 'utf8');
  } finally {
    await file.close();
    await unlink(draft);
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function generateSigningKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function generatePeppers(): string {
  return `1=${randomBytes(32).toString('base64url')}\n`;
}
