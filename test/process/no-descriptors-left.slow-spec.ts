import { tmpdir } from 'node:os';
import { describe, expect, it } from '@jest/globals';
import { ServiceProcess } from '../support/service-process.js';

/** Everything that is written by a start which cannot open a file. */
async function failure(unreadable: string, code: string, before?: string): Promise<string> {
  const env = { UNREADABLE: `${unreadable} ${code}`, DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nothing' };
  const service = ServiceProcess.launch(env, tmpdir(), ['unreadable-module.mjs'], before);
  expect(await service.exitCode()).toBe(1);
  return service.output;
}

describe('a start that may open no more files', () => {
  it.each([
    ['/src/process/main.ts', 'EMFILE', undefined],
    ['/src/config/env.ts', 'ENFILE', undefined],
    // Node has taken a package for missing whose files it could not open.
    ['/src/process/main.ts', 'ERR_MODULE_NOT_FOUND', 'ulimit -n 1000'],
    ['/src/process/main.ts', 'ERR_UNSUPPORTED_DIR_IMPORT', 'ulimit -n 1000'],
  ])('says so in one sentence where %s is not loaded (%s)', async (file, code, before) => {
    expect(await failure(file, code, before)).toMatch(
      /^There are no file descriptors left: raise the limit of open files .*\n$/,
    );
  });

  it('is not what one is taken for that lacks a package, and may open many', async () => {
    const output = await failure('/src/process/main.ts', 'ERR_MODULE_NOT_FOUND', 'ulimit -n 1024');
    expect(output).toContain('ERR_MODULE_NOT_FOUND: no file could be opened');
  });
});
