import { describe, it } from '@jest/globals';
import { endureAttacks } from './under-attack.js';

/** Its processes are looked at by way of /proc. */
const onLinux = process.platform === 'linux' ? it : it.skip;

describe('a service under attack by a hundred thousand hostile connections', () => {
  onLinux.each([1, 2])(
    'lives, answers whoever is honest, and keeps nothing of them: WEB_CONCURRENCY=%i',
    (workers) => endureAttacks({ count: 100_000, seed: workers, workers }),
    1_800_000,
  );
});
