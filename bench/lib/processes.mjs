import { readFileSync, readdirSync } from 'node:fs';

/** Clock ticks a second of /proc/<pid>/stat: 100 on every Linux that Node runs on. */
const TICKS = 100;

/**
 * CPU seconds and resident megabytes of a process and all its descendants, or undefined where there is no
 * /proc. Children that have ended count through the root's record of them.
 *
 * @param {number} root
 * @returns {{ cpuSeconds: number, megabytes: number } | undefined}
 */
export function usageOfTree(root) {
  const processes = new Map();
  let entries;
  try {
    entries = readdirSync('/proc');
  } catch {
    return undefined;
  }
  for (const entry of entries) {
    if (/^\d+$/.test(entry)) readProcess(Number(entry), processes);
  }
  if (!processes.has(root)) return undefined;
  let ticks = processes.get(root).endedChildrenTicks;
  let megabytes = 0;
  for (const [pid, record] of processes) {
    if (!descends(pid, root, processes)) continue;
    ticks += record.ticks;
    megabytes += record.megabytes;
  }
  return { cpuSeconds: ticks / TICKS, megabytes };
}

function readProcess(pid, processes) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The command's name may hold spaces and parentheses: the fields begin after the last one.
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    const resident = /^VmRSS:\s+(\d+) kB/m.exec(status);
    processes.set(pid, {
      parent: fields[1],
      ticks: fields[11] + fields[12],
      endedChildrenTicks: fields[13] + fields[14],
      megabytes: resident === null ? 0 : Number(resident[1]) / 1024,
    });
  } catch {
    // It ended while it was read.
  }
}

function descends(pid, root, processes) {
  for (let at = pid; at > 0; at = processes.get(at)?.parent ?? 0) if (at === root) return true;
  return false;
}

/** The parent of a process: the postmaster, for a backend. @param {number} pid @returns {number | undefined} */
export function parentOf(pid) {
  const processes = new Map();
  readProcess(pid, processes);
  return processes.get(pid)?.parent;
}
