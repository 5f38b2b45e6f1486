import { existsSync } from 'node:fs';
import type { Variable } from './variable.js';
import { variables } from './variables.js';

type Variables = typeof variables;

/** The configuration, read once and checked whole. */
export type Env = Readonly<{
  [Name in keyof Variables]: Variables[Name] extends Variable<infer T>
    ? Variables[Name]['default'] extends string
      ? T
      : T | undefined
    : never;
}>;

/** Injection token of the configuration. */
export const ENV = Symbol('Env');

/** Thrown once, naming every variable that is bad or missing. */
export class EnvError extends Error {
  constructor(readonly problems: string[]) {
    super(`The configuration is not usable:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
  }
}

/** Reads and checks the whole configuration. An empty value counts as none. */
export function parseEnv(source: Record<string, string | undefined>): Env {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, variable] of Object.entries<Variable<unknown>>(variables)) {
    const given = source[name]?.trim();
    const text = given === undefined || given === '' ? variable.default : given;
    if (text === undefined) continue;
    try {
      values[name] = variable.parse(text);
    } catch (error) {
      problems.push(`${name} ${(error as Error).message}`);
    }
  }
  const env = values as Env;
  if (problems.length === 0) problems.push(...productionProblems(env));
  if (problems.length > 0) throw new EnvError(problems);
  return Object.freeze(env);
}

/** The configuration of this process: its environment, and `.env` for what the environment leaves out. */
export function loadEnv(): Env {
  if (existsSync('.env')) process.loadEnvFile('.env');
  return parseEnv(process.env);
}

/** In production nothing is made up: no embedded database unless asked for, no generated secrets. */
function productionProblems(env: Env): string[] {
  if (env.NODE_ENV !== 'production') return [];
  const problems: string[] = [];
  if (env.DATABASE_URL === undefined && !env.EMBEDDED_POSTGRES) {
    problems.push(
      'DATABASE_URL is required in production (or EMBEDDED_POSTGRES=true, to ask for the embedded one)',
    );
  }
  return problems;
}
