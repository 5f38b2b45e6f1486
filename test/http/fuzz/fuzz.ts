import { randomUUID } from 'node:crypto';
import { Agent, request as send } from 'node:http';
import { Random } from '../../support/random.js';
import type { TestApp } from '../../support/test-app.js';
import { HOSTILE_TEXTS, HOSTILE_VALUES } from '../hostile-values.js';
import { operations, type Operation, type Parameter } from '../operations.js';
import { Scene } from './scene.js';

/** Requests under way at a time. */
const CONCURRENCY = 8;
/** Requests after which everybody and everything is made anew: most of it has been deleted by then. */
const REQUESTS_PER_SCENE = 200;

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];
const TYPES = [
  'application/json; charset=utf-8',
  'application/json; charset=latin1',
  'text/plain',
  'multipart/form-data; boundary=x',
  'application/x-www-form-urlencoded',
  'application/json;;;',
  '',
];
const HEADERS: Record<string, readonly string[]> = {
  'idempotency-key': ['0123456789', 'x', 'x'.repeat(300), ' ', '8e03978e-40d5-43dd-bc93-6894a57f9324'],
  'x-request-id': ['a', 'x'.repeat(200), '\xe9', ' '],
  'x-forwarded-for': ['203.0.113.7', '::1, 10.0.0.1', 'nobody', ','.repeat(100)],
  'content-encoding': ['gzip', 'identity', 'x'],
  'sec-fetch-site': ['same-origin', 'cross-site', 'x'],
  cookie: ['upblit_session=x', `upblit_session=upblit_rt_${'x'.repeat(43)}`, '=;;', 'a=%ff'],
  accept: ['*/*', 'text/html', 'x', ''],
  'if-match': ['"1"', '*', 'W/"x"'],
  expect: ['100-continue'],
};

export interface FuzzRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

interface FuzzFault {
  /** The how manieth request it was. */
  readonly number: number;
  readonly request: FuzzRequest;
  /** The status and the body of the answer, or why there was none. */
  readonly answer: string;
}

export interface FuzzReport {
  requests: number;
  readonly statuses: Map<number, number>;
  /** Operations that were answered with a 2xx, by what `openapi.json` calls them. */
  readonly done: Set<string>;
  readonly faults: FuzzFault[];
}

/**
 * Sends generated requests to every route that `openapi.json` describes, in the name of everybody there is, and reports
 * each answer of 500 and above, and each that does not come. Half of them are as the description says but for what is
 * wrong in some place; the rest have several things wrong at once, or are no JSON at all.
 *
 * The same seed gives the same requests but for the ids and keys in them, which the service makes up.
 */
export async function fuzz(
  app: TestApp,
  {
    requests,
    seed,
    onProgress,
  }: { requests: number; seed: number; onProgress?: (report: FuzzReport) => void },
): Promise<FuzzReport> {
  const random = new Random(seed);
  const report: FuzzReport = { requests: 0, statuses: new Map(), done: new Set(), faults: [] };
  const agent = new Agent({ keepAlive: true, maxSockets: CONCURRENCY });
  try {
    while (report.requests < requests) {
      const scene = await Scene.set(app);
      const end = Math.min(requests, report.requests + REQUESTS_PER_SCENE);
      const sender = async (): Promise<void> => {
        while (report.requests < end) {
          report.requests += 1;
          const number = report.requests;
          const operation = random.pick(operations);
          const request = generate(random, operation, scene);
          note(report, number, operation, request, await answerTo(app.port, agent, request));
          if (number % 1000 === 0) onProgress?.(report);
        }
      };
      await Promise.all(Array.from({ length: CONCURRENCY }, sender));
    }
  } finally {
    agent.destroy();
  }
  return report;
}

interface Answer {
  /** 0 when there was none. */
  readonly status: number;
  readonly text: string;
}

function note(
  report: FuzzReport,
  number: number,
  { method, path }: Operation,
  request: FuzzRequest,
  { status, text }: Answer,
): void {
  report.statuses.set(status, (report.statuses.get(status) ?? 0) + 1);
  if (status >= 200 && status < 300) report.done.add(`${method} ${path}`);
  if (status !== 0 && status < 500) return;
  report.faults.push({ number, request, answer: `${status} ${text.slice(0, 500)}` });
}

function generate(random: Random, operation: Operation, scene: Scene): FuzzRequest {
  /** How wrong it is: what is right alone gets far into the service, and what is wrong everywhere gets nowhere. */
  const wrongness = random.pick([0, 0, 0.1, 0.1, 0.3, 0.8]);
  const isWrong = (): boolean => random.chance(wrongness);
  const headers: Record<string, string> = {};
  for (const [name, values] of Object.entries(HEADERS)) {
    if (random.chance(wrongness / 5)) headers[name] = random.pick(values);
  }
  Object.assign(headers, scene.credentials(random, operation.path));
  const path = operation.path.replace(/\{(\w+)\}/g, (_, name: string) =>
    isWrong() ? random.pick(HOSTILE_TEXTS) : encodeURIComponent(scene.idFor(random, name, operation.path)),
  );
  const query = queryFor(random, operation.parameters, scene, isWrong);
  const method = random.chance(wrongness / 20) ? random.pick(METHODS) : operation.method;
  const body = bodyFor(random, operation, scene, wrongness, isWrong);
  if (body !== undefined) headers['content-type'] ??= isWrong() ? random.pick(TYPES) : 'application/json';
  return { method, path: query === '' ? path : `${path}?${query}`, headers, body };
}

function queryFor(
  random: Random,
  parameters: readonly Parameter[],
  scene: Scene,
  isWrong: () => boolean,
): string {
  const parts = parameters
    .filter((one) => one.in === 'query')
    .filter(({ name }) => name === 'ApplicationId' || random.chance(0.5))
    .flatMap(({ name, example, schema }) => {
      if (isWrong()) {
        const text = random.pick(HOSTILE_TEXTS);
        return random.pick([
          [`${name}=${text}`],
          [`${name}=1`, `${name}=2`],
          [`${name}[a]=${text}`],
          [name],
          [],
        ]);
      }
      const value =
        scene.queryFor(random, name) ?? example ?? schema?.example ?? random.pick(schema?.enum ?? ['1']);
      return [`${name}=${encodeURIComponent(value)}`];
    });
  if (isWrong())
    parts.push(random.pick(['unknown=1', '__proto__=1', 'limit=1', '&&&', 'a=%', `key=${'x'.repeat(500)}`]));
  return parts.join('&');
}

function bodyFor(
  random: Random,
  { method, bodies }: Operation,
  scene: Scene,
  wrongness: number,
  isWrong: () => boolean,
): string | undefined {
  if (bodies.length === 0) return method === 'get' || !isWrong() ? undefined : '{}';
  if (random.chance(0.02)) return undefined;
  const body = changed(random, scene.inBody(random, random.pick(bodies)), wrongness / 2);
  const text = JSON.stringify(body);
  return random.chance(wrongness / 10) ? damaged(random, text) : text;
}

/** The value with others in some places of it. */
function changed(random: Random, value: unknown, wrongness: number): unknown {
  if (random.chance(wrongness)) return anotherFor(random, value);
  if (Array.isArray(value)) {
    const items = value.map((item) => changed(random, item, wrongness));
    return random.chance(wrongness) ? [...items, ...items, ...items.slice(0, 1)] : items;
  }
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value)
    // What may be left out is, at times.
    .filter(() => !random.chance(0.1))
    .map(([name, child]) => [name, changed(random, child, wrongness)] as const);
  if (random.chance(wrongness)) entries.push([random.pick(['unknown', '__proto__', 'then', '\0', '']), 1]);
  return Object.fromEntries(entries);
}

/** Something hostile, or something near the value. */
function anotherFor(random: Random, value: unknown): unknown {
  if (random.chance(0.5)) return random.pick(HOSTILE_VALUES);
  if (typeof value === 'number') {
    return random.pick([
      -value,
      value + 0.5,
      value * 1e6,
      Number.MAX_SAFE_INTEGER,
      Number.MIN_VALUE,
      2 ** 31,
      2 ** 63,
    ]);
  }
  if (typeof value === 'string') return textNear(random, value);
  if (Array.isArray(value))
    return Array.from({ length: random.pick([0, 11, 101, 1001]) }, () => value[0] as unknown);
  return random.pick(HOSTILE_VALUES);
}

function textNear(random: Random, text: string): string {
  const at = random.integer(0, text.length);
  const inserted = random.pick([
    '\0',
    '\ud800',
    '\u202e',
    ' ',
    '\n',
    '%',
    "'",
    '"',
    '\\',
    '😀',
    'é',
    '/',
    'x'.repeat(300),
  ]);
  return random.pick([
    text.slice(0, at) + inserted + text.slice(at),
    text.slice(0, at),
    text.toUpperCase(),
    text.split('').reverse().join(''),
    text.repeat(random.integer(2, 40)),
  ]);
}

/** No JSON any more, most of the time. */
function damaged(random: Random, text: string): string {
  const at = random.integer(0, text.length);
  return random.pick([
    text.slice(0, at),
    text.slice(at),
    text.slice(0, at) + random.pick(['\0', '{', ']', ',', '"', '\\u', '1e999']) + text.slice(at),
    `\ufeff${text}`,
    '['.repeat(5000),
    '{"a":'.repeat(2000),
    `${text}${text}`,
    '',
    ' ',
  ]);
}

function answerTo(port: number, agent: Agent, { method, path, headers, body }: FuzzRequest): Promise<Answer> {
  // Node itself says how long a body is only where it expects one.
  const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
  return new Promise((resolve) => {
    const call = send(
      {
        host: '127.0.0.1',
        port,
        agent,
        method: method.toUpperCase(),
        path,
        headers: { ...headers, ...length },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', fail);
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() });
        });
      },
    );
    const fail = (error: Error): void => {
      resolve({ status: 0, text: error.message });
    };
    call.setTimeout(30_000, () => {
      call.destroy(new Error('no answer within 30 s'));
    });
    call.on('error', fail);
    call.end(body);
  });
}

/** The request as one that can be sent again from a shell, as long as the ids and keys in it are there. */
export function toCommand({ method, path, headers, body }: FuzzRequest): string {
  const quote = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;
  const parts = ['curl', '-i', '-X', method.toUpperCase(), quote(`$SERVICE${path}`)];
  for (const [name, value] of Object.entries(headers)) parts.push('-H', quote(`${name}: ${value}`));
  if (body !== undefined) parts.push('--data-binary', quote(body.slice(0, 2000)));
  return parts.join(' ');
}

export const newSeed = (): number => Number.parseInt(randomUUID().slice(0, 8), 16);
