import { describe, it } from '@jest/globals';
import { endureAttacks } from './under-attack.js';

/** Its processes are looked at by way of /proc. */
const onLinux = process.platform === 'linux' ? it : it.skip;

describe('a service under attack by hostile connections', () => {
  onLinux(
    'lives, answers whoever is honest, and keeps nothing of them',
    () => endureAttacks({ count: 1000, seed: 1, workers: 1 }),
    60_000,
  );
});
