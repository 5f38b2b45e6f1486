import { issue, revoke, untilDone, writing } from '../changes.js';
import type { KeyHistory } from '../history/key-history.js';
import type { Register } from '../history/register.js';
import type { Scene, Workload } from './workload.js';

const SCOPES = ['read', 'write'];
const FEWER_SCOPES = ['read'];
/** For how long a key works that is to expire. */
const SHORT_LIFE_MS = 1500;

/** A key in the memory of every node, or on its way there. */
async function known(scene: Scene): Promise<KeyHistory> {
  const key = await issue(scene.clients, scene.random, scene.application, { scopes: SCOPES });
  const verified = scene.clients.verifyEverywhere(key);
  if (scene.random.chance(0.7)) await verified;
  await scene.clients.pause(scene.random.between(0, 100));
  return key;
}

async function patch<T>(
  { clients, random }: Scene,
  key: KeyHistory,
  body: object,
  register: Register<T>,
  value: T,
): Promise<boolean> {
  const call = await untilDone(clients, () => random.pick(clients.nodes), {
    method: 'PATCH',
    path: `/apikey/${key.id}`,
    body,
    done: [200],
    again: ['edit_conflict'],
    // A time that has passed before the call was read.
    enough: 'expiresAt' in body ? ['validation_failed'] : [],
    keys: [key],
    begin: writing([register], value),
  });
  return call !== undefined;
}

async function revokeAndLook({ clients, random }: Scene, key: KeyHistory): Promise<void> {
  await revoke(clients, () => random.pick(clients.nodes), key);
  await clients.verifyEverywhere(key);
}

async function setEnabled(scene: Scene, key: KeyHistory, enabled: boolean): Promise<void> {
  await patch(scene, key, { enabled }, key.enabled, enabled);
  await scene.clients.verifyEverywhere(key);
}

async function setScopes(scene: Scene, key: KeyHistory, scopes: readonly string[]): Promise<void> {
  await patch(scene, key, { scopes }, key.scopes, scopes);
  await scene.clients.verifyEverywhere(key, { scopes: SCOPES });
}

async function setExpiry(scene: Scene, key: KeyHistory, at: number | null): Promise<boolean> {
  const body = { expiresAt: at === null ? null : new Date(at).toISOString() };
  return await patch(scene, key, body, key.expiry, at ?? Infinity);
}

export const RESTRICTIONS = {
  revoke: {
    about: 'keys are revoked, by one call or by two at once',
    live: async (scene) => {
      const { clients, random } = scene;
      const key = await known(scene);
      const calls = [revokeAndLook(scene, key)];
      if (random.chance(0.3)) {
        await clients.pause(random.between(0, random.chance(0.5) ? 30 : 400));
        calls.push(revokeAndLook(scene, key));
      }
      await Promise.all(calls);
      if (random.chance(0.1)) await revokeAndLook(scene, key);
    },
  },
  disable: {
    about: 'keys are disabled',
    live: async (scene) => {
      await setEnabled(scene, await known(scene), false);
    },
  },
  enable: {
    about: 'keys are disabled and enabled in turn',
    live: async (scene) => {
      const key = await known(scene);
      for (let times = scene.random.integer(1, 3); times > 0; times -= 1) {
        await setEnabled(scene, key, false);
        await setEnabled(scene, key, true);
      }
    },
  },
  narrow: {
    about: 'keys lose a scope',
    live: async (scene) => {
      await setScopes(scene, await known(scene), FEWER_SCOPES);
    },
  },
  widen: {
    about: 'keys lose a scope and get it back',
    live: async (scene) => {
      const key = await known(scene);
      for (let times = scene.random.integer(1, 3); times > 0; times -= 1) {
        await setScopes(scene, key, FEWER_SCOPES);
        await setScopes(scene, key, SCOPES);
      }
    },
  },
  expire: {
    about: 'keys get a short time to live, or a longer one again',
    live: async (scene) => {
      const { clients, random } = scene;
      const key = await known(scene);
      const at = Date.now() + SHORT_LIFE_MS;
      if (!(await setExpiry(scene, key, at))) return;
      await clients.verifyEverywhere(key);
      await clients.pause(at - Date.now() + random.between(0, 500));
      await clients.verifyEverywhere(key);
      if (!random.chance(0.5)) return;
      await setExpiry(scene, key, null);
      await clients.verifyEverywhere(key);
    },
  },
} satisfies Record<string, Workload>;
