import { CREATION } from './creation.js';
import { DELETION } from './deletion.js';
import { METERING } from './metering.js';
import { RESTRICTIONS } from './restrictions.js';
import { ROTATION } from './rotation.js';
import type { Workload } from './workload.js';

export const WORKLOADS = {
  ...RESTRICTIONS,
  ...DELETION,
  ...CREATION,
  ...ROTATION,
  ...METERING,
} as const satisfies Record<string, Workload>;

export type WorkloadName = keyof typeof WORKLOADS;
