import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request, { type Response } from 'supertest';
import { signIn } from '../support/sign-in.js';
import { TestApp } from '../support/test-app.js';
import { AS_SERVICE } from '../support/service-key.js';

let app: TestApp;
let authorization: string;
beforeAll(async () => {
  app = await TestApp.start();
  authorization = `Bearer ${(await signIn(app)).accessToken}`;
});
afterAll(() => app.stop());

function createApplication(body: string, type = 'application/json'): request.Test {
  return request(app.http)
    .post('/applications')
    .set('authorization', authorization)
    .set('content-type', type)
    .send(body);
}

function expectProblem(answer: Response, status: number, code: string): void {
  expect(answer.status).toBe(status);
  expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
  expect(answer.headers['x-request-id']).toBe(answer.body.requestId);
  expect(answer.body).toMatchObject({ type: `urn:upblit:problem:${code}`, status, code });
  expect(typeof answer.body.title).toBe('string');
  expect(typeof answer.body.detail).toBe('string');
}

function fieldsOf(answer: Response): Set<string> {
  return new Set((answer.body.errors as { field: string }[]).map((error) => error.field));
}

describe('a problem document', () => {
  it('names the path without its query, and no secret in it', async () => {
    const answer = await request(app.http).get('/nothing/upblit_live_abcdefgh?token=1');
    expectProblem(answer, 404, 'not_found');
    expect(answer.body.instance).toBe('/nothing/[redacted]');
  });

  it('hides a secret in the path that is percent-encoded', async () => {
    const answer = await request(app.http).get('/nothing/%75pblit_live_abcdefgh');
    expect(answer.text).not.toContain('abcdefgh');
  });

  it('has no stack and no message of a library', async () => {
    const answer = await createApplication('{');
    expect(Object.keys(answer.body).sort()).toEqual(
      ['code', 'detail', 'instance', 'requestId', 'status', 'title', 'type'].sort(),
    );
  });
});

describe('a path', () => {
  it.each(['/', '/nothing', '/applications/', '/apikey/verify/now', '//applications'])(
    'that is unknown answers 404: %s',
    async (path) => {
      const answer = await request(app.http).get(path);
      expectProblem(answer, 404, 'not_found');
      expect(answer.body.detail).toContain('/docs');
    },
  );

  it.each(['/%zz', '/applications/%', '/applications/%c3%28'])(
    'that is not percent-encoded UTF-8 answers 400: %s',
    async (path) => {
      expectProblem(await request(app.http).get(path), 400, 'invalid_request');
    },
  );

  it('with an id that is far too long answers 401 without a token, and 400 with one', async () => {
    const path = `/applications/${'a'.repeat(10_000)}`;
    expectProblem(await request(app.http).get(path), 401, 'unauthenticated');
    const answer = await request(app.http).get(path).set('authorization', authorization);
    expectProblem(answer, 400, 'validation_failed');
  });
});

describe('an undeclared method', () => {
  it.each([
    ['put', '/applications', 'GET, HEAD, OPTIONS, POST'],
    ['delete', '/applications', 'GET, HEAD, OPTIONS, POST'],
    ['post', '/applications/01890a5d-ac96-774b-bcce-b302099a8057', 'DELETE, GET, HEAD, OPTIONS, PATCH'],
    ['put', '/applications/anything-at-all', 'DELETE, GET, HEAD, OPTIONS, PATCH'],
    // A path of its own, though DELETE /apikey/{id} would match it.
    ['delete', '/apikey/verify', 'GET, HEAD, OPTIONS, POST'],
    ['patch', '/apikey/verify', 'GET, HEAD, OPTIONS, POST'],
    ['get', '/auth/login', 'OPTIONS, POST'],
    ['post', '/health/live', 'GET, HEAD, OPTIONS'],
    ['propfind', '/applications', 'GET, HEAD, OPTIONS, POST'],
    ['trace', '/applications', 'GET, HEAD, OPTIONS, POST'],
  ] as const)('on a known path answers 405 with Allow: %s %s', async (method, path, allow) => {
    const answer = await (request(app.http) as unknown as Record<string, (path: string) => request.Test>)[
      method
    ]!(path);
    expectProblem(answer, 405, 'method_not_allowed');
    expect(answer.headers.allow).toBe(allow);
  });

  it('on an unknown path answers 404', async () => {
    expectProblem(await request(app.http).put('/nothing'), 404, 'not_found');
  });

  it('answers 405 whatever the body says', async () => {
    const answer = await request(app.http).put('/applications').set('content-type', 'text/plain').send('x');
    expectProblem(answer, 405, 'method_not_allowed');
  });

  it('OPTIONS answers Allow alone', async () => {
    const answer = await request(app.http).options('/applications');
    expect(answer.status).toBe(204);
    expect(answer.headers.allow).toBe('GET, HEAD, OPTIONS, POST');
  });

  it('HEAD answers as GET does, without a body', async () => {
    const answer = await request(app.http).head('/health/live');
    expect(answer.status).toBe(200);
    expect(answer.text).toBeUndefined();
  });
});

describe('a body', () => {
  it.each([
    ['is cut off', '{"name":'],
    ['is no JSON', 'name=Demo'],
    ['names __proto__', '{"name":"Demo","__proto__":{"admin":true}}'],
    ['hides __proto__ behind escapes', '{"name":"Demo","\\u005f\\u005fproto__":{"admin":true}}'],
    ['names constructor.prototype', '{"name":"Demo","constructor":{"prototype":{}}}'],
  ])('that %s answers 400 malformed_json', async (_, body) => {
    expectProblem(await createApplication(body), 400, 'malformed_json');
  });

  it('that is not UTF-8 answers 400 malformed_json', async () => {
    const body = Buffer.concat([Buffer.from('{"name":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]);
    const answer = await request(app.http)
      .post('/applications')
      .set('authorization', authorization)
      .set('content-type', 'application/json')
      .serialize((value: unknown) => value as string)
      .send(body);
    expectProblem(answer, 400, 'malformed_json');
  });

  it.each(['[]', '[{"name":"Demo"}]', '"Demo"', '1', 'true', 'null'])(
    'that is JSON but no object answers 400: %s',
    async (body) => {
      expectProblem(await createApplication(body), 400, 'invalid_request');
    },
  );

  it.each([
    ['an unknown field', '{"name":"Demo","admin":true}', 'admin'],
    ['a field named constructor', '{"name":"Demo","constructor":1}', 'constructor'],
    ['a field named prototype', '{"name":"Demo","prototype":1}', 'prototype'],
    ['a missing field', '{}', 'name'],
    ['a field of another type', '{"name":{"$gt":""}}', 'name'],
    ['a NUL', '{"name":"De\\u0000mo"}', 'name'],
    ['half a surrogate pair', '{"name":"De\\ud800mo"}', 'name'],
    ['half a surrogate pair in a field name', '{"name":"Demo","\\udc00":1}', '\ufffd'],
    ['unlimited nesting', `{"name":${'['.repeat(20_000)}${']'.repeat(20_000)}}`, 'name.0.0'],
  ])('with %s answers 400 and names the field', async (_, body, field) => {
    const answer = await createApplication(body);
    expectProblem(answer, 400, 'validation_failed');
    expect(fieldsOf(answer)).toEqual(new Set([field]));
  });

  it('is not echoed: neither its values, nor a key used as the name of a field', async () => {
    const answer = await createApplication(
      '{"name":["secret-value"],"upblit_live_abcdefghijklmnopqrstuvwxyz0123456789":1}',
    );
    expectProblem(answer, 400, 'validation_failed');
    expect(answer.text).not.toMatch(/secret-value|abcdefghijkl/);
  });

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/json; charset=latin1',
    'nonsense',
    ';',
  ])('of another media type answers 415: %s', async (type) => {
    expectProblem(await createApplication('{"name":"Demo"}', type), 415, 'unsupported_media_type');
  });

  it('in a content coding answers 415', async () => {
    const answer = await createApplication('{"name":"Demo"}').set('content-encoding', 'gzip');
    expectProblem(answer, 415, 'unsupported_media_type');
  });

  it.each(['application/json; charset=utf-8', 'Application/JSON;charset="UTF-8"'])(
    'of type %s is taken',
    async (type) => {
      expect((await createApplication('{"name":"Demo"}', type)).status).toBe(201);
    },
  );

  it.each(['application/json', 'text/plain', 'nonsense'])(
    'that is empty counts as none, whatever its type: %s',
    async (type) => {
      const answer = await request(app.http)
        .post('/auth/logout')
        .set('content-type', type)
        .set('content-length', '0');
      // The refresh token is missing; nobody complains about the type.
      expectProblem(answer, 400, 'validation_failed');
    },
  );

  it('of 64 KiB is read, and one byte more answers 413', async () => {
    const padding = (length: number): string => ' '.repeat(length - '{"name":"Demo"}'.length);
    expect((await createApplication(`{"name":"Demo"}${padding(64 * 1024)}`)).status).toBe(201);
    const answer = await createApplication(`{"name":"Demo"}${padding(64 * 1024 + 1)}`);
    expectProblem(answer, 413, 'payload_too_large');
  });

  it('of 1 MB answers 413, and the client hears it', async () => {
    expectProblem(await createApplication('x'.repeat(1_000_000)), 413, 'payload_too_large');
  });

  it('where none is taken answers 400', async () => {
    const answer = await request(app.http)
      .delete('/applications/01890a5d-ac96-774b-bcce-b302099a8057')
      .set('authorization', authorization)
      .send({ force: true });
    expectProblem(answer, 400, 'invalid_request');
  });
});

describe('without an access token', () => {
  it.each([
    ['malformed', '{', 'application/json'],
    ['too large', 'x'.repeat(100_000), 'application/json'],
    ['far too large', 'x'.repeat(3_000_000), 'application/json'],
    ['of another media type', 'x', 'text/plain'],
    ['of a malformed media type', 'x', ';'],
    ['an array', '[]', 'application/json'],
    ['invalid', '{"nonsense":1}', 'application/json'],
  ])('a body that is %s answers 401', async (_, body, type) => {
    const answer = await request(app.http).post('/applications').set('content-type', type).send(body);
    expectProblem(answer, 401, 'unauthenticated');
  });

  it('an unknown query parameter answers 401', async () => {
    expectProblem(await request(app.http).get('/applications?nonsense=1'), 401, 'unauthenticated');
  });
});

describe('a query', () => {
  it.each([
    ['an unknown parameter', '/applications?nonsense=1', 'nonsense'],
    ['a parameter given twice', '/applications?limit=1&limit=2', 'limit'],
    ['a parameter as an array', '/applications?limit[]=1', 'limit[]'],
    ['a parameter named __proto__', '/applications?__proto__=1', '__proto__'],
    ['a NUL', '/applications?cursor=%00', 'cursor'],
    ['a parameter where none is taken', '/auth/me?verbose=1', 'verbose'],
  ])('with %s answers 400 and names it', async (_, path, field) => {
    const answer = await request(app.http).get(path).set('authorization', authorization);
    expectProblem(answer, 400, 'validation_failed');
    expect(fieldsOf(answer)).toEqual(new Set([field]));
  });

  it('with a key where no parameter is taken answers 400 key_in_query, without the key', async () => {
    const key = 'upblit_live_000000000000000000000000000000000000';
    const answer = await request(app.http).get(`/auth/me?k=${key}`).set('authorization', authorization);
    expectProblem(answer, 400, 'key_in_query');
    expect(answer.text).not.toContain(key);
  });
});

describe('on the open routes of the verification', () => {
  it.each([
    ['malformed', '{', 'application/json', 400, 'malformed_json'],
    ['an array', '[]', 'application/json', 400, 'invalid_request'],
    ['too large', 'x'.repeat(100_000), 'application/json', 413, 'payload_too_large'],
    ['of another media type', 'x', 'text/plain', 415, 'unsupported_media_type'],
    ['without a key', '{}', 'application/json', 400, 'validation_failed'],
    ['with an unknown field', '{"key":"k","admin":1}', 'application/json', 400, 'validation_failed'],
    ['with a key that is no string', '{"key":1}', 'application/json', 400, 'validation_failed'],
  ] as const)('a body that is %s is refused at once', async (_, body, type, status, code) => {
    const answer = await request(app.http)
      .post('/apikey/verify')
      .set(AS_SERVICE)
      .set('content-type', type)
      .send(body);
    expectProblem(answer, status, code);
    expect(answer.headers['cache-control']).toBe('no-store');
  });
});
