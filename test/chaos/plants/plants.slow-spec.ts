import { expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { PLANTS } from './plants.js';

const TYPESCRIPT = new URL('../../support/typescript.mjs', import.meta.url).href;
const LOAD = fileURLToPath(new URL('load.mjs', import.meta.url));

it('finds everything that the planted mistakes replace in the service', async () => {
  const run = promisify(execFile)(process.execPath, ['--import', TYPESCRIPT, LOAD], {
    env: { ...process.env, CHAOS_PLANT: Object.keys(PLANTS).join(',') },
  });
  await expect(run).resolves.toMatchObject({ stderr: '' });
});
