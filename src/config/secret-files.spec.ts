import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv, type Env } from './env.js';
import { readSecretFiles } from './secret-files.js';
import { variables } from './variables.js';

const PEPPERS = `1=${Buffer.alloc(32, 1).toString('base64url')}`;

describe('a secret in a file', () => {
  let directory: string;
  let path: string;
  let warnings: string[];
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'upblit-secret-'));
    path = join(directory, 'peppers');
    warnings = [];
  });
  afterEach(() => rm(directory, { recursive: true }));

  const load = (given: Record<string, string>): Env => {
    const { source, problems } = readSecretFiles(given, variables, (message) => warnings.push(message));
    return parseEnv(source, problems);
  };
  const problemOf = (given: Record<string, string>): string => {
    try {
      load(given);
    } catch (error) {
      return (error as Error).message;
    }
    throw new Error('It was taken');
  };

  it.each(['', '\n', '\r\n', '  \n\n'])('is read without what stands after it: %j', async (end) => {
    await writeFile(path, PEPPERS + end, { mode: 0o600 });
    expect(load({ API_KEY_PEPPERS_FILE: path }).API_KEY_PEPPERS).toEqual([
      { version: 1, key: Buffer.alloc(32, 1) },
    ]);
    expect(warnings).toEqual([]);
  });

  it('may be each of those that are secret, and no other variable', () => {
    const secrets = Object.entries(variables).filter(([, variable]) => 'isSecret' in variable);
    expect(secrets.map(([name]) => name)).toEqual(
      expect.arrayContaining([
        'DATABASE_URL',
        'JWT_SIGNING_KEY',
        'API_KEY_PEPPERS',
        'JWT_ISSUERS',
        'REDIS_URL',
      ]),
    );
    expect(load({ PORT_FILE: '/nowhere' }).PORT).toBe(3000);
  });

  it('is complained about when it is not there, empty, too large, or a directory, without its path', async () => {
    const empty = join(directory, 'empty');
    await writeFile(empty, ' \n');
    const large = join(directory, 'large');
    await writeFile(large, 'a'.repeat(64 * 1024 + 1));
    for (const [file, complaint] of [
      [path, 'names a file that is not there'],
      [empty, 'names a file that is empty'],
      [large, 'names a file of more than 64 KiB'],
      [directory, 'names a directory'],
    ] as const) {
      const message = problemOf({ API_KEY_PEPPERS_FILE: file });
      expect(message).toContain(`- API_KEY_PEPPERS_FILE ${complaint}`);
      expect(message).not.toContain(directory);
    }
  });

  it('is complained about once, and not as missing too', () => {
    const message = problemOf({
      NODE_ENV: 'production',
      DATABASE_URL: 'postgres://a',
      API_KEY_PEPPERS_FILE: path,
    });
    expect(message.match(/API_KEY_PEPPERS/g)).toHaveLength(1);
  });

  it('is complained about beside the variable itself', async () => {
    await writeFile(path, PEPPERS);
    expect(problemOf({ API_KEY_PEPPERS_FILE: path, API_KEY_PEPPERS: PEPPERS })).toContain(
      'API_KEY_PEPPERS_FILE must not be set beside API_KEY_PEPPERS',
    );
  });

  it('that is damaged is complained about without what is in it', async () => {
    await writeFile(path, 'hunter2');
    expect(problemOf({ API_KEY_PEPPERS_FILE: path })).not.toContain('hunter2');
  });

  it('is warned of when everybody may read it', async () => {
    await writeFile(path, PEPPERS);
    await chmod(path, 0o644);
    load({ API_KEY_PEPPERS_FILE: path });
    expect(warnings).toEqual([expect.stringContaining('may read the file of API_KEY_PEPPERS_FILE')]);
  });
});
