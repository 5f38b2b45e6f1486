import type { Fault } from '../database-under-test.js';

/** A fault that says for how long it lasts. */
export interface HeldFault extends Fault {
  /** Milliseconds, at least and at most. */
  readonly holdMs: readonly [number, number];
}

/** For how long a fault lasts that does not say it, in milliseconds. */
const USUAL_HOLD_MS = [300, 3000] as const;

export function holdOf(fault: Fault, random: () => number): number {
  const [least, most] = 'holdMs' in fault ? (fault as HeldFault).holdMs : USUAL_HOLD_MS;
  return least + (most - least) * random();
}
