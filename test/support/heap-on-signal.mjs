import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/*
 * Loaded into a service before anything else: collects garbage when SIGUSR2 comes, and prints the bytes that are still
 * in use.
 */
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc');

process.on('SIGUSR2', () => {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  process.stdout.write(`HEAP ${process.pid} ${heapUsed + external}\n`);
});
