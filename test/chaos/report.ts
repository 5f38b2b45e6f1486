import type { Report } from './run.js';

/** Violations that are told in full; of the others only what they are. */
const IN_FULL = 5;
const LONGEST_STORY = 60;
/** A commit may take long on a machine that is busy; in milliseconds. */
const MIN_OUTAGE_MS = 1500;

/** What a run has found, for people. */
export function describeReport(report: Report): string[] {
  const { violations, faults, outages, lives, keys, verdicts, statuses, slowest, seconds } = report;
  const lines = [
    `${seconds.toFixed(0)} s, ${keys} keys, the slowest answer took ${slowest.toFixed(0)} ms`,
    `lives:    ${list(lives)}`,
    `answers:  ${list(statuses, (status) => (status === 0 ? 'none' : String(status)))}`,
    `verdicts: ${list(verdicts)}`,
  ];
  if (faults.length > 0) lines.push('faults:');
  for (const { name, began, healed, databaseBack, serviceBack } of faults) {
    const back = [
      databaseBack === undefined ? '' : `, the database writes ${databaseBack.toFixed(0)} ms later`,
      serviceBack === undefined ? '' : `, the service ${serviceBack.toFixed(0)} ms`,
    ].join('');
    lines.push(`  ${time(began)} to ${healed === undefined ? 'the end' : time(healed)} ${name}${back}`);
  }
  for (const { began, ended = Infinity, serviceBack } of outages) {
    if (ended - began < MIN_OUTAGE_MS) continue;
    const end = ended === Infinity ? 'the end' : time(ended);
    const back =
      serviceBack === undefined ? '' : `, the service did ${(serviceBack - ended).toFixed(0)} ms later`;
    lines.push(`${time(began)} to ${end} the database committed nothing${back}`);
  }
  if (violations.count === 0) return [...lines, 'No violation.'];
  lines.push(`${violations.count} VIOLATIONS:`);
  for (const [index, { at, what, story }] of violations.found.entries()) {
    lines.push(`  ${time(at)} ${what}`);
    if (index < IN_FULL) for (const line of story.slice(-LONGEST_STORY)) lines.push(`      ${line}`);
  }
  return lines;
}

function list<T>(counts: ReadonlyMap<T, number>, name: (value: T) => string = String): string {
  return [...counts]
    .map(([value, count]) => `${name(value)} ${count}`)
    .sort()
    .join(', ');
}

function time(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}
