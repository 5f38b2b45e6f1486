import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * @typedef {object} Server
 * @property {number} pid
 * @property {number} port
 * @property {any} ready what it sent with its `ready` message
 * @property {(question: object) => Promise<any>} ask over IPC; one at a time
 * @property {() => Promise<void>} stop
 * @property {boolean} [profiled] whether it has profiler.mjs in it
 */

/** Milliseconds a server may take to start: better-auth makes its keys in that time. */
const START_DEADLINE = 180_000;
/** Milliseconds a server may take to end before it is killed. */
const STOP_DEADLINE = 10_000;

/** Those that run now, to be stopped whatever happens. @type {Set<() => Promise<void>>} */
const running = new Set();

export async function stopAllServers() {
  await Promise.all([...running].map((stop) => stop()));
}

/**
 * Starts a server of the benchmark and waits until it takes requests: until `readyPath` answers 200, or
 * without one until it says `{ ready }` over IPC.
 *
 * @param {object} options
 * @param {string} options.name
 * @param {string} options.program
 * @param {Record<string, string>} options.env beside NODE_ENV, HOST and PORT, which are always set
 * @param {string} options.logFile gets what the process writes; a server that fails to start is explained by it
 * @param {string} [options.readyPath]
 * @param {string} [options.cwd]
 * @returns {Promise<Server>}
 */
export async function startServer({ name, program, env, logFile, readyPath, cwd }) {
  const port = await freePort();
  const { PATH, HOME, LANG } = process.env;
  const log = openSync(logFile, 'w');
  const child = spawn(process.execPath, [program], {
    cwd,
    env: { PATH, HOME, LANG, NODE_ENV: 'production', HOST: '127.0.0.1', PORT: String(port), ...env },
    stdio: readyPath === undefined ? ['ignore', log, log, 'ipc'] : ['ignore', log, log],
  });
  closeSync(log);
  const ended = once(child, 'exit').then(() => {
    throw new Error(`${name} ended. It wrote:\n${readFileSync(logFile, 'utf8').slice(-4000)}`);
  });
  ended.catch(() => undefined); // Ending is an error only for those who wait for something else.
  const stop = async () => {
    await stopChild(child);
    running.delete(stop);
  };
  running.add(stop);
  const message = (field) => Promise.race([once(child, 'message').then(([sent]) => sent[field]), ended]);
  const url = `http://127.0.0.1:${port}${readyPath}`;
  const started = readyPath === undefined ? message('ready') : Promise.race([untilOk(url), ended]);
  const ready = await Promise.race([started, failAfter(START_DEADLINE, `${name} does not start`)]);
  const ask = (question) => {
    child.send(question);
    return message('answer');
  };
  return { pid: child.pid, port, ready, ask, stop };
}

async function stopChild(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const inTime = await Promise.race([ended, sleep(STOP_DEADLINE, false, { ref: false })]);
  if (inTime === false) {
    child.kill('SIGKILL');
    await ended;
  }
}

async function untilOk(url) {
  const deadline = performance.now() + START_DEADLINE;
  while (performance.now() < deadline) {
    const answer = await fetch(url).catch(() => undefined); // Not listening yet.
    if (answer?.ok === true) return;
    await sleep(100, undefined, { ref: false });
  }
}

async function failAfter(milliseconds, what) {
  await sleep(milliseconds, undefined, { ref: false });
  throw new Error(`${what} in ${milliseconds / 1000} s.`);
}

/** A port of the loopback interface that was free a moment ago. @returns {Promise<number>} */
async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  server.close();
  await once(server, 'close');
  return port;
}
