/** How often a key, or all keys of an application together, may be verified. */
export interface RateLimit {
  /** Unique within its key or application; it stands in the RateLimit fields. */
  readonly name: string;
  /** Units within any window of this length. */
  readonly limit: number;
  readonly windowSeconds: number;
  /** Units that one verification takes. */
  readonly cost: number;
}

/** A limit, and whose it is. */
export interface CountedLimit extends RateLimit {
  /** The id of the key, or of the application whose keys share it. */
  readonly subjectId: string;
  readonly sharedByApplication: boolean;
  /** Tells it apart from all other limits; made once, not for every verification. */
  readonly id: string;
}

/** Limits that are checked together: all of them count a verification, or none does. */
export interface LimitSet {
  readonly applicationId: string;
  readonly limits: readonly CountedLimit[];
}

/** Per key, and again per application. */
export const MAX_RATE_LIMITS = 5;
export const MAX_LIMIT = 1_000_000_000;
/** 31 days. */
export const MAX_WINDOW_SECONDS = 2_678_400;

/** Safe in a string of a structured field (RFC 9651, section 3.3.3), in a log and in a name of a store. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,49}$/;
const FIELDS = new Set(['name', 'limit', 'windowSeconds', 'cost']);

/** What is wrong with a value that should be a list of rate limits; null when nothing is. */
export function rateLimitsProblem(value: unknown): string | null {
  if (!Array.isArray(value)) return 'must be a list of limits';
  if (value.length > MAX_RATE_LIMITS) return `must not hold more than ${MAX_RATE_LIMITS} limits`;
  const names = new Set<unknown>();
  for (const item of value as unknown[]) {
    const problem = rateLimitProblem(item);
    if (problem !== null) return problem;
    names.add((item as RateLimit).name);
  }
  return names.size === value.length ? null : 'must not use a name twice';
}

/** Reads what `rateLimitsProblem` finds nothing wrong with; a verification takes one unit unless told otherwise. */
export function readRateLimits(value: unknown): RateLimit[] {
  const given = value as (Omit<RateLimit, 'cost'> & { cost?: number })[];
  return given.map(({ name, limit, windowSeconds, cost = 1 }) => ({ name, limit, windowSeconds, cost }));
}

/** What a verification of a key is counted against; null when there are no limits. */
export function limitSet(
  key: { id: string; rateLimits: readonly RateLimit[] },
  application: { id: string; rateLimits: readonly RateLimit[] },
): LimitSet | null {
  if (key.rateLimits.length + application.rateLimits.length === 0) return null;
  return {
    applicationId: application.id,
    limits: [
      ...key.rateLimits.map((limit) => counted(limit, key.id, false)),
      ...application.rateLimits.map((limit) => counted(limit, application.id, true)),
    ],
  };
}

function counted(limit: RateLimit, subjectId: string, sharedByApplication: boolean): CountedLimit {
  return { ...limit, subjectId, sharedByApplication, id: `${subjectId}:${limit.name}` };
}

function rateLimitProblem(value: unknown): string | null {
  if (typeof value !== 'object' || value === null)
    return 'must hold objects of name, limit and windowSeconds';
  if (Object.keys(value).some((field) => !FIELDS.has(field))) {
    return 'must hold nothing but name, limit, windowSeconds and cost';
  }
  const { name, limit, windowSeconds, cost = 1 } = value as Record<string, unknown>;
  if (typeof name !== 'string' || !NAME.test(name)) {
    return 'must name each limit with 1 to 50 letters, digits, _, . or -, a letter or digit first';
  }
  if (!isWhole(limit, MAX_LIMIT)) return `must have limits from 1 to ${MAX_LIMIT}`;
  if (!isWhole(windowSeconds, MAX_WINDOW_SECONDS)) {
    return `must have windows of whole seconds, from 1 to ${MAX_WINDOW_SECONDS}`;
  }
  // A cost beyond the limit would refuse everything, and one of 0 would limit nothing.
  return isWhole(cost, limit) ? null : 'must have costs from 1 to the limit';
}

function isWhole(value: unknown, max: number): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= max;
}
