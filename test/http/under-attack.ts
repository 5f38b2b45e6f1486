import { readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { expect } from '@jest/globals';
import { Client, verify } from '../support/builders.js';
import { createTestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { ServiceProcess } from '../support/service-process.js';
import { TEST_PEPPERS, TEST_SIGNING_KEY } from '../support/test-app.js';
import { attacks, launch } from './hostile-connections.js';
import { AS_SERVICE } from '../support/service-key.js';

/** Connections to the database, which come and go. */
const POOL_SIZE = 3;
/** Bytes by which a heap may grow that has been warm before: caches of Node and V8, counters with new labels. */
const HEAP_GROWTH = 8 * 1024 * 1024;
const ATTACKERS = 50;

interface Resources {
  descriptors: number;
  heap: number;
}

/**
 * Lets hostile clients at a service, with honest ones between them, and throws unless its processes are the same
 * afterwards, hold no more descriptors and memory than before, and have answered every honest request.
 */
export async function endureAttacks(options: {
  count: number;
  seed: number;
  workers: number;
}): Promise<void> {
  const { count, seed, workers } = options;
  const database = await createTestDatabase();
  const service = await ServiceProcess.start(
    {
      WEB_CONCURRENCY: String(workers),
      DATABASE_URL: database.url,
      DATABASE_POOL_SIZE: String(POOL_SIZE),
      API_KEY_PEPPERS: TEST_PEPPERS,
      JWT_SIGNING_KEY: TEST_SIGNING_KEY,
      BCRYPT_COST: '4',
      LOG_LEVEL: 'warn',
    },
    tmpdir(),
    ['heap-on-signal.mjs'],
  );
  try {
    const port = Number(new URL(service.url).port);
    const owner = await Client.signedIn(service);
    const { key } = await owner.issueKey(await owner.createApplication());
    await launch(port, attacks(1000, seed + 1), ATTACKERS);
    const processes = await processesOf(service);
    const before = await Promise.all(processes.map((pid) => resourcesOf(service, pid)));

    const honest = askUntil(launch(port, attacks(count, seed), ATTACKERS), service, key);
    const answers = await honest;
    expect(answers.length).toBeGreaterThan(count / 1000);
    expect(new Set(answers)).toEqual(new Set(['VALID']));

    expect(await processesOf(service)).toEqual(processes);
    await eventually(async () => {
      for (const [i, pid] of processes.entries()) {
        const after = await resourcesOf(service, pid);
        expect(after.descriptors).toBeLessThanOrEqual(before[i]!.descriptors + POOL_SIZE);
        expect(after.heap).toBeLessThanOrEqual(before[i]!.heap + HEAP_GROWTH);
      }
    }, 60_000);
    expect(service.output).not.toMatch(/has ended|answered 500|uncaught/i);
  } finally {
    await service.kill();
    await database.drop();
  }
}

/** What a key was answered, asked again and again until the work is done, over connections of its own and a kept one. */
async function askUntil(work: Promise<void>, service: ServiceProcess, key: string): Promise<unknown[]> {
  const answers: unknown[] = [];
  let isDone = false;
  const done = work.finally(() => {
    isDone = true;
  });
  const kept = async (): Promise<void> => {
    while (!isDone) {
      const answer = await fetch(`${service.url}/apikey/verify`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...AS_SERVICE },
        body: JSON.stringify({ key }),
      });
      answers.push(((await answer.json()) as { code: unknown }).code);
    }
  };
  const fresh = async (): Promise<void> => {
    while (!isDone) answers.push((await verify(service, key)).code);
  };
  await Promise.all([done, kept(), fresh()]);
  return answers;
}

/** The service's process, and its workers. */
async function processesOf(service: ServiceProcess): Promise<number[]> {
  const children = await readFile(`/proc/${service.pid}/task/${service.pid}/children`, 'utf8');
  return [service.pid, ...children.trim().split(' ').filter(Boolean).map(Number).sort()];
}

async function resourcesOf(service: ServiceProcess, pid: number): Promise<Resources> {
  const from = service.output.length;
  process.kill(pid, 'SIGUSR2');
  const heap = await eventually(() => {
    const [, bytes] = new RegExp(`^HEAP ${pid} (\\d+)$`, 'm').exec(service.output.slice(from)) ?? [];
    expect(bytes).toBeDefined();
    return Number(bytes);
  });
  return { descriptors: (await readdir(`/proc/${pid}/fd`)).length, heap };
}
