import { writeSync } from 'node:fs';
import { ServerResponse } from 'node:http';

/*
 * Loaded into a service before anything else: ends its process as a power cut would, when it has done what a call to
 * issue or rotate a key asks for and is about to say so. What it would have said it writes on its stdout.
 */
const { end } = ServerResponse.prototype;
const STDOUT = 1;

ServerResponse.prototype.end = function (payload, ...rest) {
  const { method, url } = this.req;
  if (method === 'POST' && this.statusCode === 200 && /^\/apikey(?:\?|\/[\w-]+\/rotate)/.test(url)) {
    writeSync(STDOUT, `unsaid: ${payload}\n`);
    process.kill(process.pid, 'SIGKILL');
  }
  return end.call(this, payload, ...rest);
};
