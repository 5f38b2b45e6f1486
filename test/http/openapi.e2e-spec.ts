import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RequestMethod, type Type } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { ModulesContainer } from '@nestjs/core';
import type { OpenAPIObject } from '@nestjs/swagger';
import request from 'supertest';
import { describeApi } from '../../src/app.setup.js';
import { PROBLEMS } from '../../src/infrastructure/http/problem.js';
import { Client } from '../support/builders.js';
import { MailServer } from '../support/mail-server.js';
import { TestApp } from '../support/test-app.js';
import { AS_SERVICE } from '../support/service-key.js';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a document is asserted on, member by member
type Json = Record<string, any>;

let app: TestApp;
let mailServer: MailServer;
let document: OpenAPIObject;
let operations: { method: string; path: string; operation: Json }[];
beforeAll(async () => {
  // The issuer that the examples name.
  const issuer = { issuer: 'https://login.example.com/', audience: 'upblit', hs256Secret: 'x'.repeat(32) };
  mailServer = await MailServer.start();
  app = await TestApp.start({
    env: {
      JWT_ISSUERS: JSON.stringify([issuer]),
      SMTP_URL: mailServer.url,
      MAIL_FROM: 'keys@example.com',
    },
  });
  document = await describeApi();
  operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ method, path, operation: operation as Json })),
  );
});
afterAll(async () => {
  await app.stop();
  await mailServer.stop();
});

describe('openapi.json', () => {
  it('in the repository is what the code makes: run "npm run openapi"', async () => {
    const committed = await readFile('openapi.json', 'utf8');
    expect(JSON.parse(committed)).toEqual(JSON.parse(JSON.stringify(document)));
  });

  it('is what a running service serves', async () => {
    const served = await request(app.http).get('/openapi.json').expect(200);
    expect(served.body).toEqual(JSON.parse(JSON.stringify(document)));
  });

  it('has the version of the package', async () => {
    const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
    expect(document.info.version).toBe(version);
  });

  it('describes every route of every controller, and no other', () => {
    const routed = [...app.nest.get(ModulesContainer).values()].flatMap((module) =>
      [...module.controllers.values()].flatMap(({ metatype }) => routesOf(metatype as Type)),
    );
    const described = operations.map(({ method, path }) => `${method} ${path}`);
    expect(described.sort()).toEqual(routed.sort());
  });

  it('describes every method that a path takes', async () => {
    for (const [path, item] of Object.entries(document.paths)) {
      const answer = await request(app.http).options(path.replace(/\{\w+\}/g, 'x'));
      const allowed = String(answer.headers.allow).split(', ');
      const declared = Object.keys(item).map((method) => method.toUpperCase());
      expect({ path, methods: allowed.filter((method) => !['HEAD', 'OPTIONS'].includes(method)) }).toEqual({
        path,
        methods: declared.sort(),
      });
    }
  });

  it('gives every operation a summary, a description, one known tag and an id of its own', () => {
    const tags = new Set(document.tags!.map(({ name }) => name));
    const incomplete = operations.filter(({ operation }) => {
      const { summary, description, tags: own = [], operationId } = operation;
      return !summary || !description || own.length !== 1 || !tags.has(own[0] as string) || !operationId;
    });
    expect(incomplete.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
    expect(new Set(operations.map(({ operation }) => operation.operationId)).size).toBe(operations.length);
  });

  it('gives every field of every schema, every parameter and every answer’s header an example', () => {
    const fields = Object.entries(document.components!.schemas as Json).flatMap(([name, schema]) =>
      Object.entries(((schema as Json).properties ?? {}) as Json)
        .filter(([, field]) => name !== 'Problem' && !speaksForItself(field as Json))
        .map(([field]) => `${name}.${field}`),
    );
    const others = operations.flatMap(({ method, path, operation }) => {
      const headers = Object.values(operation.responses as Json).flatMap((response: Json) =>
        Object.entries((response.headers ?? {}) as Record<string, Json>),
      );
      const parameters = ((operation.parameters ?? []) as Json[]).map((parameter): [string, Json] => [
        parameter.name as string,
        parameter,
      ]);
      return [...headers, ...parameters]
        .filter(([, described]) => !speaksForItself(described))
        .map(([name]) => `${method} ${path}: ${name}`);
    });
    expect([...fields, ...others]).toEqual([]);
  });

  it('gives every operation its refusals, with an example for each code', () => {
    for (const { method, path, operation } of operations) {
      const needed = ['400', '500', '503'];
      if (operation.requestBody !== undefined) needed.push('413', '415');
      if (operation.security?.some((scheme: Json) => 'bearer' in scheme)) needed.push('401');
      expect({ method, path, statuses: Object.keys(operation.responses as Json) }).toMatchObject({
        statuses: expect.arrayContaining(needed),
      });
      for (const [status, response] of Object.entries(operation.responses as Json)) {
        if (Number(status) < 400) continue;
        const codes = Object.keys(response.content['application/problem+json'].examples as Json);
        expect(codes.length).toBeGreaterThan(0);
        for (const code of codes) {
          expect(PROBLEMS[code as keyof typeof PROBLEMS].status).toBe(Number(status));
          expect((document.components!.examples![code] as Json).value).toMatchObject({ code });
        }
      }
    }
  });

  it('asks for an access token where the service does, and nowhere else', async () => {
    for (const { method, path, operation } of operations) {
      const call = (request(app.http) as unknown as Record<string, (path: string) => request.Test>)[method]!;
      const answer = await call(path.replace(/\{\w+\}/g, 'x'));
      const isClosed = operation.security?.some((scheme: Json) => 'bearer' in scheme) === true;
      expect({ method, path, isClosed: answer.body.code === 'unauthenticated' }).toEqual({
        method,
        path,
        isClosed,
      });
    }
  });
});

describe('Swagger UI', () => {
  it('comes with all its files from here', async () => {
    const page = await request(app.http).get('/docs').expect(200);
    const files = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file]) => file!);
    expect(files.length).toBeGreaterThan(3);
    for (const file of files) {
      expect(file).toMatch(/^\.\/docs\//);
      await request(app.http).get(file.slice(1)).expect(200);
    }
  });

  it('keeps no token in the browser', async () => {
    const { text } = await request(app.http).get('/docs/swagger-ui-init.js').expect(200);
    expect(text).toContain('"persistAuthorization": false');
  });

  it('may run its scripts and styles under the policy it is served with', async () => {
    const page = await request(app.http).get('/docs').expect(200);
    const policy = page.headers['content-security-policy']!;
    expect(policy).toContain("default-src 'self'");
    expect(policy).toContain("style-src 'self' 'unsafe-inline'");
    // No script stands in the page itself, which the policy would stop.
    expect(page.text).not.toMatch(/<script(?![^>]*\bsrc=)/);
  });

  it('pre-fills bodies that take a newcomer from no account to a verified key', async () => {
    const registered = await fill('post', '/auth/register').expect(201);
    const authorization = `Bearer ${registered.body.accessToken as string}`;
    const created = await fill('post', '/applications').set({ authorization }).expect(201);
    const issued = await fill('post', `/apikey`)
      .query({ ApplicationId: created.body.id as string })
      .set({ authorization })
      .expect(200);
    const body = { ...sampleBody('post', '/apikey/verify'), key: issued.body as string };
    const verified = await request(app.http).post('/apikey/verify').set(AS_SERVICE).send(body).expect(200);
    expect(verified.body.code).toBe('VALID');
  });

  it('pre-fills every body, and every other one it offers, with something that the service takes', async () => {
    const owner = await Client.signedIn(app);
    const refused: unknown[] = [];
    for (const { method, path, operation } of operations) {
      if (operation.requestBody === undefined) continue;
      for (const body of sampleBodies(path, method)) {
        const applicationId = await owner.createApplication();
        const key = await owner.issueKey(applicationId);
        const serviceKey = await owner.issueServiceKey(applicationId);
        const { userId } = await Client.signedIn(app);
        const webhooks = owner.post(`/applications/${applicationId}/webhooks`);
        const webhook = await webhooks.send({ url: 'https://127.0.0.1:1/' }).expect(201);
        const url = path
          .replace('{id}', path.startsWith('/apikey') ? key.id : applicationId)
          .replace('{keyId}', serviceKey.id)
          .replace('{webhookId}', webhook.body.id as string)
          .replace('{subject}', userId);
        const asksFor = ((operation.parameters ?? []) as Json[]).some(({ name }) => name === 'ApplicationId');
        const { status, body: answer } = await owner[method as 'post'](url)
          .query(asksFor ? { ApplicationId: applicationId } : {})
          .set(path.startsWith('/apikey/verify') ? AS_SERVICE : {})
          .set('sec-fetch-site', 'same-origin')
          .send(body);
        if (status >= 400 && !ABSENT.has(answer.code as string)) refused.push([method, path, body, answer]);
      }
    }
    expect(refused).toEqual([]);
  });
});

/** What is said of a good body when those whom it names are not there, or somebody who asks to go is still needed. */
const ABSENT = new Set([
  'application_not_found',
  'user_not_found',
  'no_credits',
  'email_taken',
  'invalid_credentials',
  'invalid_refresh_token',
  'sign_in_failed',
  'owns_applications',
  'invalid_one_time_token',
]);

/** Whether a reader sees from it what a value looks like. */
function speaksForItself({ schema, ...own }: Json): boolean {
  const {
    example,
    enum: values,
    const: only,
    type,
    $ref,
    allOf,
    anyOf,
    items,
  } = { ...(schema as Json | undefined), ...own };
  if (example !== undefined || values !== undefined || only !== undefined || type === 'boolean') return true;
  return [$ref, allOf, anyOf, items?.$ref].some((part) => part !== undefined);
}

function routesOf(controller: Type): string[] {
  const prefix = Reflect.getMetadata(PATH_METADATA, controller) as string;
  const prototype = controller.prototype as Record<string, object>;
  return Object.getOwnPropertyNames(prototype)
    .filter((name) => name !== 'constructor' && Reflect.hasMetadata(METHOD_METADATA, prototype[name]!))
    .map((name) => {
      const method = RequestMethod[Reflect.getMetadata(METHOD_METADATA, prototype[name]!) as RequestMethod];
      const path = [prefix, Reflect.getMetadata(PATH_METADATA, prototype[name]!) as string]
        .flatMap((part) => part.split('/'))
        .filter((part) => part !== '')
        .map((part) => part.replace(/^:(\w+)$/, '{$1}'));
      return `${method.toLowerCase()} /${path.join('/')}`;
    });
}

/** A call with the body that "Try it out" shows at first. */
function fill(method: 'post', path: string): request.Test {
  return request(app.http)[method](path).send(sampleBody(method, path));
}

function sampleBody(method: 'post', path: string): object {
  return sampleBodies(path, method)[0]!;
}

/** The first one stands there; the others can be chosen. */
function sampleBodies(path: string, method: string): object[] {
  const { requestBody } = operations.find((one) => one.path === path && one.method === method)!.operation;
  const { examples = {}, schema } = requestBody.content['application/json'] as {
    examples?: Json;
    schema: Json;
  };
  const offered = (Object.values(examples) as { value: object }[]).map(({ value }) => value);
  return offered.length > 0 ? offered : [sampleOf(schema) as object];
}

/** What Swagger UI makes of a schema. */
function sampleOf(schema: Json): unknown {
  if (schema.$ref !== undefined) {
    const name = String(schema.$ref).split('/').at(-1)!;
    return sampleOf(document.components!.schemas![name] as Json);
  }
  if (schema.example !== undefined) return schema.example;
  if (schema.default !== undefined) return schema.default;
  if (schema.enum !== undefined) return schema.enum[0];
  switch (schema.type) {
    case 'object':
      return Object.fromEntries(
        Object.entries((schema.properties ?? {}) as Json).map(([name, child]) => [name, sampleOf(child)]),
      );
    case 'array':
      return [sampleOf(schema.items)];
    case 'integer':
    case 'number':
      return 0;
    case 'boolean':
      return true;
    default:
      return schema.format === 'date-time'
        ? new Date().toISOString()
        : schema.format === 'uuid'
          ? '3fa85f64-5717-4562-b3fc-2c963f66afa6'
          : schema.format === 'email'
            ? 'user@example.com'
            : 'string';
  }
}
