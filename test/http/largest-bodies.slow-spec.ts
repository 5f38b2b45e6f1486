import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ValidationPipe, type ArgumentMetadata } from '@nestjs/common';
import request from 'supertest';
import { Client } from '../support/builders.js';
import { TestApp } from '../support/test-app.js';
import { WorkPerTurn } from '../support/work-per-turn.js';
import { operations, type Operation } from './operations.js';

/** Values that class-validator may be given before others get their turn: 25 ms of work are several times as many. */
const VALUES_AT_ONCE = 10_000;
/** What a list may have at most, of any class. */
const LONGEST_LIST = 1000;

const KIB = 1024;
/** Routes whose bodies may be larger than others. */
const LIMITS: Record<string, number> = { '/apikey/import': KIB * KIB };

/** What a place of a body is filled with, as often as it fits. */
const FILLINGS: [what: string, filling: (bytes: number) => string][] = [
  ['different texts', (bytes) => `[${repeat(bytes, (i) => `"${i.toString(36)}"`)}]`],
  ['equal texts', (bytes) => `[${repeat(bytes, () => '""')}]`],
  ['numbers', (bytes) => `[${repeat(bytes, () => '1')}]`],
  ['objects', (bytes) => `[${repeat(bytes, () => '{}')}]`],
  ['addresses', (bytes) => `[${repeat(bytes, (i) => `"10.0.${(i >> 8) % 256}.${i % 256}/32"`)}]`],
  ['objects of many fields', (bytes) => `[${repeat(bytes, (i) => `{"name":"${i}","limit":1,"x":[]}`)}]`],
  ['many fields', (bytes) => `{${repeat(bytes, (i) => `"f${i}":1`)}}`],
  ['fields with long names', (bytes) => `{${repeat(bytes, (i) => `"${'n'.repeat(1000)}${i}":1`)}}`],
  ['nested lists', (bytes) => '['.repeat(bytes / 2) + ']'.repeat(bytes / 2)],
  ['nested objects', (bytes) => `${'{"a":'.repeat(bytes / 6)}1${'}'.repeat(bytes / 6)}`],
  ['lists of lists', (bytes) => `[${repeat(bytes, () => `[${'[1],'.repeat(20)}1]`)}]`],
  ['a long text', (bytes) => `"${'a'.repeat(bytes)}"`],
  ['a text of spaces', (bytes) => `"${' '.repeat(bytes - 2)}x"`],
  ['a text of addresses', (bytes) => `"${'a@a.'.repeat(bytes / 4)}"`],
  ['a text of halves of characters', (bytes) => `"${'\\ud800'.repeat(bytes / 6)}"`],
];

const repeated = new Map<string, string>();

function repeat(bytes: number, element: (i: number) => string): string {
  const known = `${bytes} ${element.toString()}`;
  const made = repeated.get(known) ?? repeatAnew(bytes, element);
  repeated.set(known, made);
  return made;
}

function repeatAnew(bytes: number, element: (i: number) => string): string {
  const elements: string[] = [];
  for (let length = 0; length < bytes - 1100; length += elements.at(-1)!.length + 1) {
    elements.push(element(elements.length));
  }
  return elements.join(',');
}

/** Bytes that are left for what is around the place that is filled. */
const FRAME = 2 * KIB;

type Fields = Record<string, unknown>;

const HERE = '@here@';

interface Place {
  body: Fields;
  /** Whether everything is tried in it: a list may be long, and what is unknown may be anything. */
  isOpen: boolean;
}

/** The body once for each field of it, with a mark in place of the field; and with one more. */
function places(body: Fields): Place[] {
  const own = Object.entries(body).flatMap(([name, value]): Place[] => {
    const items = Array.isArray(value) && typeof value[0] === 'object' ? (value as Fields[]) : [];
    const inner = items
      .flatMap((item) => places(item))
      .map(({ body: item, isOpen }) => ({ body: { ...body, [name]: [item] }, isOpen }));
    return [{ body: { ...body, [name]: HERE }, isOpen: typeof value === 'object' }, ...inner];
  });
  return [...own, { body: { ...body, unknown: HERE }, isOpen: true }];
}

/** Fields that are lists, of any class that has bounds for them. */
const LISTS = new Set(['keys', 'ids', 'scopes', 'tags', 'ipAllowlist']);

/** Given to class-validator, in one turn of the event loop. */
let work: WorkPerTurn;
let longestList = 0;

// eslint-disable-next-line @typescript-eslint/unbound-method -- is called with the pipe, and put back as it was
const { transform } = ValidationPipe.prototype;

function countAll(value: unknown, isFreeForm: boolean): void {
  work.count();
  if (typeof value !== 'object' || value === null) return;
  for (const [name, child] of Object.entries(value)) {
    const isList = !isFreeForm && LISTS.has(name) && Array.isArray(child);
    if (isList) longestList = Math.max(longestList, child.length);
    countAll(child, isFreeForm || name === 'metadata');
  }
}

describe('The largest body of each kind', () => {
  let app: TestApp;
  let owner: Client;
  let application: string;
  let key: string;

  beforeAll(async () => {
    app = await TestApp.start();
    owner = await Client.signedIn(app);
    application = await owner.createApplication();
    key = (await owner.issueKey(application, { credits: { remaining: 100 } })).id;
    ValidationPipe.prototype.transform = function (value: unknown, metadata: ArgumentMetadata) {
      if (metadata.type === 'body') countAll(value, false);
      return transform.call(this, value, metadata);
    };
  });
  afterAll(async () => {
    ValidationPipe.prototype.transform = transform;
    await app.stop();
  });
  beforeEach(() => {
    work = new WorkPerTurn();
    longestList = 0;
  });
  afterEach(() => {
    work.stop();
  });

  const withBody = operations.filter(({ bodies }) => bodies.length > 0);

  it.each(withBody)('is refused by $method $path before its validation costs much', async (operation) => {
    const limit = LIMITS[operation.path] ?? 64 * KIB;
    const faults: string[] = [];
    for (const [p, { body, isOpen }] of places(operation.bodies.at(-1) as Fields).entries()) {
      for (const [f, [what, filling]] of FILLINGS.entries()) {
        if (!isOpen && (p + f) % 5 !== 0) continue;
        const frame = JSON.stringify(body);
        const text = frame.replace(`"${HERE}"`, filling(limit - FRAME));
        expect(text.length).toBeLessThanOrEqual(limit);
        work.most = longestList = 0;
        const { status, errors = [] } = await send(operation, text);
        const isFine =
          status < 500 &&
          status !== 413 &&
          errors.length <= 20 &&
          work.most <= VALUES_AT_ONCE &&
          longestList <= LONGEST_LIST;
        if (!isFine) {
          faults.push(
            `${what} in ${frame}: ${status}, ${errors.length} errors, ${work.most} values at once, a list of ${longestList}`,
          );
        }
      }
    }
    expect(faults.slice(0, 3)).toEqual([]);
  });

  async function send(
    { method, path }: Operation,
    body: string,
  ): Promise<{ status: number; errors?: unknown[] }> {
    const values: Record<string, string> = {
      id: path.startsWith('/apikey') ? key : application,
      subject: owner.userId,
      secretId: application,
    };
    const url = path.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? name);
    const calls = request(app.http) as unknown as Record<string, (url: string) => request.Test>;
    const answer = await calls[method]!(
      `${url}${path.startsWith('/apikey') ? `?ApplicationId=${application}` : ''}`,
    )
      .set('authorization', `Bearer ${owner.caller.accessToken}`)
      .set('content-type', 'application/json')
      .send(body);
    return { status: answer.status, errors: answer.body.errors };
  }
});
