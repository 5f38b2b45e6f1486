import { readFileSync } from 'node:fs';
import { table } from './report.mjs';

const ROWS = 25;
/** Time in which the process waited, or in which the profiler itself was at work. */
const NOT_WORK = new Set(['(idle)', 'dispatch']);

/**
 * Where the time under load went, by package and by function, as shares of the time in which the process did
 * anything: calls into the kernel count for the function that makes them.
 *
 * @param {string} file a .cpuprofile, which Chrome's developer tools open too
 */
export function summarise(file) {
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(file, 'utf8'));
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const packages = new Map();
  const functions = new Map();
  let busy = 0;
  samples.forEach((id, index) => {
    const frame = frames.get(id);
    if (frame.url === '' && NOT_WORK.has(frame.functionName)) return;
    busy += timeDeltas[index];
    add(packages, packageOf(frame), timeDeltas[index]);
    add(functions, `${frame.functionName || '(anonymous)'} ${shortUrl(frame.url)}`.trim(), timeDeltas[index]);
  });
  return `${shares('package or file', packages, busy)}\n\n${shares('function', functions, busy)}`;
}

function add(sums, name, value) {
  sums.set(name, (sums.get(name) ?? 0) + value);
}

function shares(title, sums, total) {
  const sorted = [...sums].sort(([, a], [, b]) => b - a).slice(0, ROWS);
  return table(
    [title, 'share'],
    sorted.map(([name, value]) => [name, `${((value / total) * 100).toFixed(1)} %`]),
  );
}

function packageOf({ url, functionName }) {
  if (url === '') return functionName;
  const [, inPackage] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url) ?? [];
  return inPackage ?? shortUrl(url);
}

function shortUrl(url) {
  return url.replace(/^.*\/node_modules\//, '').replace(/^file:.*\/dist\//, 'dist/');
}
