import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root, say } from './checkout.mjs';

const FILE = join(root, '.setup.lock');

/** Keeps two starts in one checkout from installing or building over each other. */
export async function withSetupLock(work) {
  for (let told = false; !(await take()); told = true) {
    if (!told) say('Waiting for another process that sets up this checkout …');
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  try {
    return await work();
  } finally {
    await rm(FILE, { force: true });
  }
}

async function take() {
  try {
    await writeFile(FILE, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    const holder = await readFile(FILE, 'utf8').catch(() => '');
    // The holder may have been killed. An empty file is one that is being written.
    if (
      holder !== '' &&
      !isAlive(Number(holder)) &&
      (await readFile(FILE, 'utf8').catch(() => '')) === holder
    ) {
      await rm(FILE, { force: true });
    }
    return false;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return pid !== process.pid;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
