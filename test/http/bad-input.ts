import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { Client, UNKNOWN_ID } from '../support/builders.js';
import { TestApp } from '../support/test-app.js';
import { HOSTILE_TEXTS, HOSTILE_VALUES, variantsOf } from './hostile-values.js';
import { operations, type Operation } from './operations.js';

interface Answer {
  status: number;
  type: string | null;
  text: string;
}

const METHODS_WITH_BODY = new Set(['post', 'put', 'patch']);

/** A 400 that is not about one field, but about the request as a whole. */
const WITHOUT_FIELD = new Set(['malformed_json', 'invalid_request', 'multiple_credentials']);

let app: TestApp;
let owner: Client;

/**
 * Tests of every route that `openapi.json` describes, with everything that is wrong in every place of it; or with each
 * nth of that, so that each place and each value has its turn.
 */
export function testBadInput(nth: number): void {
  beforeAll(async () => {
    app = await TestApp.start();
    owner = await Client.signedIn(app);
  });
  afterAll(() => app.stop());
  describe.each(operations)(
    '$method $path: bad input is refused, and never an error of ours,',
    (operation) => {
      testOperation(operation, nth);
    },
  );
}

function testOperation(operation: Operation, nth: number): void {
  let path: string;
  let query: Record<string, string>;
  beforeAll(async () => {
    const application = await owner.createApplication();
    const key = await owner.issueKey(application, { credits: { remaining: 100 } });
    const webhooks = owner.post(`/applications/${application}/webhooks`);
    const webhook = await webhooks.send({ url: 'https://127.0.0.1:1/' }).expect(201);
    const values: Record<string, string> = {
      id: operation.path.startsWith('/apikey') ? key.id : application,
      subject: owner.userId,
      webhookId: webhook.body.id as string,
      deliveryId: UNKNOWN_ID,
      secretId: '019b76da-a800-7000-8000-000000000003',
    };
    path = operation.path.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? name);
    query = operation.parameters.some(({ name }) => name === 'ApplicationId')
      ? { ApplicationId: application }
      : {};
  });

  if (METHODS_WITH_BODY.has(operation.method) || operation.bodies.length > 0) {
    it('in any place of its body', async () => {
      const bodies =
        operation.bodies.length === 0
          ? HOSTILE_VALUES
          : operation.bodies.flatMap((body) => [...variantsOf(body)]);
      await expectNoFault(
        nth,
        bodies.map((body) => () => send(`${path}?${toQuery(query)}`, JSON.stringify(body))),
      );
    });
  }

  it('in its query', async () => {
    const names = operation.parameters.filter((one) => one.in === 'query').map(({ name }) => name);
    const queries = [...names, 'unknown', '__proto__', 'constructor', 'toString'].flatMap((name) => {
      const { [name]: _, ...others } = query;
      const texts = HOSTILE_TEXTS.map((text) => `${name}=${text}`);
      return [...texts, `${name}[]=1`, `${name}[a]=1`, `${name}=1&${name}=2`, name].map(
        (text) => `${toQuery(others)}&${text}`,
      );
    });
    await expectNoFault(
      nth,
      queries.map((text) => () => send(`${path}?${text}`)),
    );
  });

  it('in its path', async () => {
    const names = operation.parameters.filter((one) => one.in === 'path').map(({ name }) => name);
    const paths = names.flatMap((name) =>
      HOSTILE_TEXTS.map((text) =>
        operation.path.replace(`{${name}}`, text).replace(/\{\w+\}/g, '019b76da-a800-7000-8000-000000000003'),
      ),
    );
    await expectNoFault(
      nth,
      paths.map((one) => () => send(`${one}?${toQuery(query)}`)),
    );
  });

  it('in its headers', async () => {
    const names = [
      'idempotency-key',
      'x-request-id',
      'x-api-key',
      'x-forwarded-for',
      'origin',
      'accept',
      'content-encoding',
    ];
    const values = ['', '0', 'null', 'é', '*', '[]', ',', ';', '"', 'x'.repeat(5000), '__proto__'];
    await expectNoFault(
      nth,
      names.flatMap((name) =>
        values.map((value) => () => send(`${path}?${toQuery(query)}`, undefined, { [name]: value })),
      ),
    );
  });

  function send(url: string, body?: string, headers: Record<string, string> = {}): Promise<Answer> {
    return call(operation.method, url, body, headers);
  }
}

/** Sends them, some at once, and throws with all that were answered otherwise than the contract says. */
async function expectNoFault(nth: number, all: (() => Promise<Answer>)[]): Promise<void> {
  const sends = all.filter((_, index) => index % nth === 0);
  const faults: string[] = [];
  let next = 0;
  const senders = Array.from({ length: 8 }, async () => {
    for (let index = next++; index < sends.length; index = next++) {
      const answer = await sends[index]!();
      const fault = faultOf(answer);
      if (fault !== null) faults.push(`${index}: ${answer.status} ${fault}: ${answer.text.slice(0, 300)}`);
    }
  });
  await Promise.all(senders);
  expect(faults).toEqual([]);
}

function faultOf({ status, type, text }: Answer): string | null {
  if (status < 400) return null;
  if (status >= 500) return 'an error of ours';
  if (type !== 'application/problem+json; charset=utf-8') return 'no problem document';
  const { code, errors } = JSON.parse(text) as { code: string; errors?: { field: string }[] };
  if (status !== 400 || WITHOUT_FIELD.has(code)) return null;
  return errors?.every(({ field }) => field !== '') === true && errors.length > 0 ? null : 'names no field';
}

async function call(
  method: string,
  url: string,
  body: string | undefined,
  headers: Record<string, string>,
): Promise<Answer> {
  const test = (request(app.http) as unknown as Record<string, (url: string) => request.Test>)[method]!(url);
  if (body !== undefined) void test.set('content-type', 'application/json').send(body);
  const answer = await test
    .set('authorization', `Bearer ${owner.caller.accessToken}`)
    .set(headers)
    .buffer(true);
  return { status: answer.status, type: answer.headers['content-type'] ?? null, text: answer.text };
}

function toQuery(query: Record<string, string>): string {
  return new URLSearchParams(query).toString();
}
