import { ServerResponse } from 'node:http';

/*
 * Loaded into a service before anything else: ends its process as a power cut would, when it has done what a call to
 * issue a key asks for and is about to say so.
 */
const { writeHead } = ServerResponse.prototype;

ServerResponse.prototype.writeHead = function (status, ...rest) {
  if (status === 200 && this.req.method === 'POST' && this.req.url.startsWith('/apikey?')) {
    process.kill(process.pid, 'SIGKILL');
  }
  return writeHead.call(this, status, ...rest);
};
