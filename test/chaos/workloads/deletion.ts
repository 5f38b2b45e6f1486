import { issue, untilDone, writing } from '../changes.js';
import type { KeyHistory } from '../history/key-history.js';
import type { Scene, Workload } from './workload.js';

const KEYS = 4;

async function some(scene: Scene, application: string): Promise<KeyHistory[]> {
  const { clients, random } = scene;
  const keys = await Promise.all(Array.from({ length: KEYS }, () => issue(clients, random, application)));
  await Promise.all(keys.map((key) => clients.verifyEverywhere(key)));
  return keys;
}

async function deleteApplication(scene: Scene): Promise<void> {
  const { clients, random } = scene;
  const application = await clients.createApplication(random);
  const keys = await some(scene, application);
  await untilDone(clients, () => random.pick(clients.nodes), {
    method: 'DELETE',
    path: `/applications/${application}`,
    done: [204],
    // Said only when the deletion holds, too.
    doneBefore: 'application_not_found',
    keys,
    begin: writing(
      keys.map(({ revoked }) => revoked),
      true,
    ),
  });
  await Promise.all(keys.map((key) => clients.verifyEverywhere(key)));
}

async function revokeTogether(scene: Scene): Promise<void> {
  const { clients, random, application } = scene;
  const keys = await some(scene, application);
  await untilDone(clients, () => random.pick(clients.nodes), {
    method: 'POST',
    path: '/apikey/bulk-revoke',
    body: { ids: keys.map(({ id }) => id) },
    done: [200],
    keys,
    begin: writing(
      keys.map(({ revoked }) => revoked),
      true,
    ),
  });
  await Promise.all(keys.map((key) => clients.verifyEverywhere(key)));
}

export const DELETION = {
  delete: {
    about: 'applications are deleted with their keys, and many keys revoked by one call',
    live: (scene) => (scene.random.chance(0.5) ? deleteApplication(scene) : revokeTogether(scene)),
  },
} satisfies Record<string, Workload>;
