import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { configurationTable } from '../../src/config/env-example.js';
import { removeEmbeddedPostgres } from '../../src/infrastructure/embedded-postgres/index.js';
import { ServiceProcess } from '../support/service-process.js';

const ROOT = join(import.meta.dirname, '../..');
const HAS_SHELL = ['bash', 'curl', 'sed', 'tr'].every(
  (tool) => spawnSync(tool, ['--version']).error === undefined,
);

describe('the README', () => {
  let readme: string;

  beforeAll(async () => {
    readme = await readFile(join(ROOT, 'README.md'), 'utf8');
  });

  it('lists every variable, as `npm run env:example` writes them', () => {
    expect(readme).toContain(`<!-- configuration -->\n\n${configurationTable()}\n\n<!-- /configuration -->`);
  });

  it('links to files and shows pictures that are there', () => {
    const links = [...readme.matchAll(/(?:\]\(|src(?:set)?=")(?!https?:|#)([^)"#]+)/g)].map(
      ([, path]) => path!,
    );
    expect(links.length).toBeGreaterThan(5);
    expect(links.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  it('names npm scripts that there are', async () => {
    const { scripts } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    const named = [...readme.matchAll(/npm run (?:--silent )?([a-z:]+)/g)].map(([, name]) => name!);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });

  describe('has a walk, which', () => {
    let directory: string;
    let service: ServiceProcess;

    beforeAll(async () => {
      directory = await mkdtemp(join(tmpdir(), 'upblit-readme-'));
      await chmod(directory, 0o711);
      service = await ServiceProcess.start({ DATA_DIR: join(directory, 'data') }, directory);
    });

    afterAll(async () => {
      await service.stop();
      await removeEmbeddedPostgres(join(directory, 'data'));
      await rm(directory, { recursive: true, force: true });
    });

    // It is for a shell with curl; the service itself needs neither.
    (HAS_SHELL ? it : it.skip)(
      'pasted, prints what the README shows, and ends with a key that is verified and revoked',
      async () => {
        const blocks = [...readme.matchAll(/```bash\n([^]*?)```\n\n```\n([^]*?)```/g)];
        const commands = blocks.map(([, block]) => block).join('');
        const shown = blocks.map(([, , block]) => block).join('');

        const printed = await paste(commands.replace('http://localhost:3000', service.url));
        expect(printed).toContain('"code":"VALID"');
        expect(printed).toContain('"code":"REVOKED"');
        expect(withoutIds(printed)).toBe(withoutIds(shown));
      },
    );
  });
});

/** What a shell prints when this is pasted into it. */
function paste(commands: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const shell = execFile('bash', (error, stdout) => {
      if (error === null) resolve(stdout);
      else reject(new Error('the shell failed', { cause: error }));
    });
    shell.stdin?.end(commands);
  });
}

/** What differs from one walk to the next is left out. */
function withoutIds(text: string): string {
  return text
    .replaceAll(/upblit_live_\S+/g, '<key>')
    .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '<id>')
    .replaceAll(/\d{4}-\d{2}-\d{2}/g, '<date>')
    .trim();
}
