import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ValidationPipe, type ArgumentMetadata } from '@nestjs/common';
import request from 'supertest';
import { Client } from '../support/builders.js';
import { HeldTurns } from '../support/held-turns.js';
import { MailServer } from '../support/mail-server.js';
import { OpenIdServer } from '../support/openid-provider.js';
import { SERVICE_KEY } from '../support/service-key.js';
import { TestApp } from '../support/test-app.js';
import { WorkPerTurn } from '../support/work-per-turn.js';
import { operations, type Operation } from './operations.js';

/** Milliseconds for which a request may hold the event loop. */
const LONGEST_TURN = 25;
/** How often a body is tried that has taken longer: the collection of garbage may come in between, or code be compiled. */
const TRIES = 8;
/** Values that class-validator may be given before others get their turn. */
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
  let mails: MailServer;
  let provider: OpenIdServer;
  let owner: Client;
  let ids: Record<string, string>;
  let held: HeldTurns;

  beforeAll(async () => {
    // With every route that a setting adds, but that of GitHub, whose bodies are signed: test/leaks/github.e2e-spec.ts.
    [mails, provider] = await Promise.all([MailServer.start(), OpenIdServer.start()]);
    app = await TestApp.start({
      env: { ...provider.env, SMTP_URL: mails.url, MAIL_FROM: 'keys@example.com' },
    });
    owner = await Client.signedIn(app);
    const application = await owner.createApplication();
    const webhooks = `/applications/${application}/webhooks`;
    const { body: webhook } = await owner.post(webhooks).send({ url: 'https://127.0.0.1:1/' }).expect(201);
    ids = {
      application,
      key: (await owner.issueKey(application, { credits: { remaining: 100 } })).id,
      keyId: (await owner.issueServiceKey(application)).id,
      subject: owner.userId,
      webhookId: webhook.id as string,
    };
    held = new HeldTurns();
    ValidationPipe.prototype.transform = function (value: unknown, metadata: ArgumentMetadata) {
      if (metadata.type === 'body') countAll(value, false);
      return transform.call(this, value, metadata);
    };
  });
  afterAll(async () => {
    ValidationPipe.prototype.transform = transform;
    held.stop();
    await app.stop();
    await Promise.all([mails.stop(), provider.stop()]);
  });
  beforeEach(() => {
    work = new WorkPerTurn();
    longestList = 0;
  });
  afterEach(() => {
    work.stop();
  });

  const withBody = operations.filter(({ bodies }) => bodies.length > 0);

  it.each(withBody)('is refused by $method $path before it costs much', async (operation) => {
    const limit = LIMITS[operation.path] ?? 64 * KIB;
    const faults: string[] = [];
    const all: { body: unknown; isOpen: boolean }[] = places(operation.bodies.at(-1) as Fields);
    for (const [p, { body, isOpen }] of [...all, { body: HERE, isOpen: true }].entries()) {
      for (const [f, [what, filling]] of FILLINGS.entries()) {
        if (!isOpen && (p + f) % 5 !== 0) continue;
        const frame = JSON.stringify(body);
        const text = frame.replace(`"${HERE}"`, filling(limit - FRAME));
        expect(text.length).toBeLessThanOrEqual(limit);
        work.most = longestList = 0;
        held.longest();
        const { status, errors = [] } = await send(operation, text);
        let turn = held.longest();
        for (let again = 1; again < TRIES && turn > LONGEST_TURN; again++) {
          await send(operation, text);
          turn = Math.min(turn, held.longest());
        }
        // Neither for who sends it nor for where it is sent to: it is looked at.
        const isFine =
          status === 400 &&
          errors.length <= 20 &&
          turn <= LONGEST_TURN &&
          work.most <= VALUES_AT_ONCE &&
          longestList <= LONGEST_LIST;
        if (!isFine) {
          faults.push(
            `${what} in ${frame}: ${status}, ${errors.length} errors, ${turn} ms, ${work.most} values at once, a list of ${longestList}`,
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
    const id = path.startsWith('/apikey') ? ids.key : ids.application;
    const url = path.replace(/\{(\w+)\}/g, (_, name: string) => ({ ...ids, id })[name] ?? name);
    const credential = path.startsWith('/apikey/verify') ? SERVICE_KEY : owner.caller.accessToken;
    const calls = request(app.http) as unknown as Record<string, (url: string) => request.Test>;
    const answer = await calls[method]!(
      `${url}${path.startsWith('/apikey') ? `?ApplicationId=${ids.application}` : ''}`,
    )
      .set('authorization', `Bearer ${credential}`)
      .set('content-type', 'application/json')
      .set('sec-fetch-site', 'same-origin')
      .send(body);
    return { status: answer.status, errors: answer.body.errors };
  }
});
