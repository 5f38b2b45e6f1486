import { randomUUID } from 'node:crypto';
import { issue, untilDone } from '../changes.js';
import type { Scene, Workload } from './workload.js';

async function rotate(scene: Scene): Promise<void> {
  const { clients, random, application } = scene;
  const key = await issue(clients, random, application);
  await clients.verifyEverywhere(key);
  for (let times = random.integer(1, 3); times > 0; times -= 1) {
    const old = key.newestSecret;
    const isRepeatable = random.chance(0.5);
    await untilDone(clients, () => random.pick(clients.nodes), {
      method: 'POST',
      path: `/apikey/${key.id}/rotate`,
      ...(isRepeatable && { headers: { 'idempotency-key': randomUUID() } }),
      body: {},
      done: [200],
      again: ['edit_conflict'],
      keys: [key],
      begin: (began) => {
        const writes = key.beginRotation(began);
        return {
          done: (call) => {
            key.endRotation(writes, call.ended, call.body as string);
          },
          refused: () => {
            key.undoRotation(writes);
          },
        };
      },
    });
    await Promise.all([clients.verifyEverywhere(key), clients.verifyEverywhere(key, { secret: old })]);
    await clients.pause(random.between(0, 100));
  }
}

export const ROTATION = {
  rotate: { about: 'keys get a new secret, and the old one ends', live: rotate },
} satisfies Record<string, Workload>;
