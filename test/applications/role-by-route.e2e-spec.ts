import { Controller, Get, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { AppModule } from '../../src/app.module.js';
import { createAdapter } from '../../src/app.setup.js';
import {
  NamesNoApplication,
  ROUTE_PERMISSION,
  rolesWithPermission,
  type Permission,
  type RoutePermission,
} from '../../src/modules/applications/index.js';
import { REQUIRED_SCOPES, RequireScopes, RouteExplorer, type Route } from '../../src/modules/auth/index.js';
import { ServiceKeyService } from '../../src/modules/api-keys/application/service-key.service.js';
import { systemActor } from '../../src/shared/actor.js';
import { SERVICE_SCOPES, type ServiceScope } from '../../src/shared/scopes.js';
import { Client, UNKNOWN_ID } from '../support/builders.js';
import { TestApp } from '../support/test-app.js';

/** The weakest first: what somebody is refused changes nothing for who comes after them. */
const CALLERS = ['stranger', 'viewer', 'admin', 'owner'] as const;
type Caller = (typeof CALLERS)[number];

describe('every route about an application or a key', () => {
  let app: TestApp;
  let founder: Client;
  let callers: Record<Caller, Client>;
  let explorer: RouteExplorer;
  /** What `urlFor` has made last. */
  let lastNamed: { applicationId: string };
  let routes: (Route & { need: Permission })[];

  beforeAll(async () => {
    app = await TestApp.start({ env: { LEAKS_GITHUB: 'on' } });
    const [first, ...others] = await Promise.all(
      Array.from({ length: CALLERS.length + 1 }, () => Client.signedIn(app)),
    );
    founder = first!;
    callers = Object.fromEntries(CALLERS.map((caller, i) => [caller, others[i]!])) as typeof callers;
    explorer = app.nest.get(RouteExplorer);
    routes = explorer.routes().flatMap((route) => {
      const need = explorer.metadataOf(ROUTE_PERMISSION, route) as RoutePermission | undefined;
      return need === undefined || need === 'none' || need === 'receiver' ? [] : [{ ...route, need }];
    });
  });
  afterAll(() => app.stop());

  it('answers each role as the route declares, and nobody without a part in the application', async () => {
    expect(routes.length).toBeGreaterThan(10);
    const found: Record<string, Record<string, unknown>> = {};
    const declared: typeof found = {};
    for (const route of routes) {
      const name = `${route.method} ${route.path}`;
      const url = await urlFor(route);
      found[name] = {};
      declared[name] = {};
      for (const caller of CALLERS) {
        found[name][caller] = await answerTo(callers[caller], route.method, url);
        declared[name][caller] = expectation(caller, route.need);
      }
    }
    expect(found).toEqual(declared);
  });

  it('answers service keys as their scopes and the route say, and those of others not at all', async () => {
    const found: Record<string, Record<string, unknown>> = {};
    const declared: typeof found = {};
    const another = await founder.createApplication();
    const keys: Record<string, string> = {};
    for (const scope of SERVICE_SCOPES) {
      const ofAnother = await founder.issueServiceKey(another, { name: 'a machine', scopes: [scope] });
      keys[`of another, ${scope}`] = ofAnother.key;
      keys[`of the platform, ${scope}`] = await platformKey(scope);
    }
    for (const route of routes) {
      const name = `${route.method} ${route.path}`;
      const url = await urlFor(route);
      const { applicationId } = lastNamed;
      const required = explorer.metadataOf(REQUIRED_SCOPES, route) as string[];
      found[name] = {};
      declared[name] = {};
      for (const scope of SERVICE_SCOPES) {
        const own = await founder.issueServiceKey(applicationId, { name: 'a machine', scopes: [scope] });
        const holders = {
          [`of this application, ${scope}`]: own.key,
          [`of another, ${scope}`]: keys[`of another, ${scope}`]!,
          [`of the platform, ${scope}`]: keys[`of the platform, ${scope}`]!,
        };
        for (const [holder, key] of Object.entries(holders)) {
          const client = new Client(app, { accessToken: key, user: { id: '' } });
          found[name][holder] = await answerTo(client, route.method, url);
          declared[name][holder] = !required.every((one) => one === scope)
            ? 'insufficient_scope'
            : !holder.startsWith('of this application')
              ? 'not_application_owner'
              : rolesWithPermission(route.need).includes('service')
                ? 'let in'
                : 'insufficient_role';
        }
      }
    }
    expect(found).toEqual(declared);
  }, 60_000);

  it('answers service keys nothing of what is about a person', async () => {
    const routesOfPeople = explorer
      .routes()
      .filter((route) => (explorer.metadataOf(REQUIRED_SCOPES, route) as string[] | undefined)?.length === 0);
    expect(routesOfPeople.map(({ method, path }) => `${method} ${path}`)).toEqual(
      expect.arrayContaining(['GET /auth/me', 'DELETE /auth/me', 'GET /auth/sessions']),
    );
    const applicationId = await founder.createApplication();
    for (const scope of SERVICE_SCOPES) {
      const { key } = await founder.issueServiceKey(applicationId, { name: 'a machine', scopes: [scope] });
      for (const one of [key, await platformKey(scope)]) {
        const client = new Client(app, { accessToken: one, user: { id: '' } });
        for (const { method, path } of routesOfPeople) {
          const found = await answerTo(client, method, path.replace(/:\w+/g, UNKNOWN_ID));
          expect([path, scope, found]).toEqual([path, scope, 'invalid_token']);
        }
      }
    }
  });

  it('answers service keys what names no application and no person, as their scopes say', async () => {
    const application = await founder.createApplication();
    const naming = explorer
      .routes()
      .filter((route) => explorer.metadataOf(ROUTE_PERMISSION, route) === 'none')
      .filter((route) => (explorer.metadataOf(REQUIRED_SCOPES, route) as string[]).length > 0);
    const found: Record<string, Record<string, unknown>> = {};
    for (const { method, path } of naming) {
      const answers: Record<string, unknown> = (found[`${method} ${path}`] = {});
      for (const scope of SERVICE_SCOPES) {
        const { key } = await founder.issueServiceKey(application, { name: 'a machine', scopes: [scope] });
        const own = await answerTo(new Client(app, { accessToken: key, user: { id: '' } }), method, path);
        const ofPlatform = new Client(app, { accessToken: await platformKey(scope), user: { id: '' } });
        expect([scope, await answerTo(ofPlatform, method, path)]).toEqual([scope, own]);
        if (own !== 'insufficient_scope') answers[scope] = own;
      }
    }
    expect(found).toEqual({
      'POST /applications': {},
      // Of a service key its own application, of one of the platform none: authentication.e2e-spec.ts.
      'GET /applications': { 'applications:read': 'let in' },
      // Nobody offers a service key anything.
      'GET /applications/offers': { 'applications:read': 'insufficient_role' },
      // Of its own application alone.
      'POST /apikey/bulk-revoke': { 'apikeys:write': 'let in' },
    });
  });

  it('lets service keys verify as their scope says, and those of another application find nothing', async () => {
    const application = await founder.createApplication();
    const { key } = await founder.issueKey(application);
    const another = await founder.createApplication();
    for (const scope of SERVICE_SCOPES) {
      const settings = { name: 'a machine', scopes: [scope] };
      const holders = {
        VALID: [(await founder.issueServiceKey(application, settings)).key, await platformKey(scope)],
        NOT_FOUND: [(await founder.issueServiceKey(another, settings)).key],
      };
      for (const [code, serviceKeys] of Object.entries(holders)) {
        for (const serviceKey of serviceKeys) {
          const as = { authorization: `Bearer ${serviceKey}` };
          const posted = await request(app.http).post('/apikey/verify').set(as).send({ key });
          const keys = [{ key }];
          const batch = await request(app.http).post('/apikey/verify/batch').set(as).send({ keys });
          const gateway = await request(app.http)
            .get('/apikey/verify')
            .set({ 'x-service-key': serviceKey, 'x-api-key': key });
          const found = [posted.body.code, batch.body.results?.[0].code ?? batch.body.code];
          const mayVerify = scope === 'keys:verify';
          expect([scope, ...found]).toEqual([
            scope,
            ...Array(2).fill(mayVerify ? code : 'insufficient_scope'),
          ]);
          expect([scope, gateway.status]).toEqual([scope, !mayVerify ? 403 : code === 'VALID' ? 200 : 401]);
        }
      }
    }
  });

  it('is in one of these tables, or open to everybody', () => {
    const open = explorer
      .routes()
      .filter((route) => explorer.metadataOf(REQUIRED_SCOPES, route) === undefined)
      .map(({ method, path }) => `${method} ${path}`);
    expect(new Set(open)).toEqual(
      new Set([
        'GET /health/live',
        'GET /health/ready',
        'GET /metrics',
        'GET /.well-known/jwks.json',
        'POST /auth/register',
        'POST /auth/login',
        'POST /auth/refresh',
        'POST /auth/logout',
        'POST /auth/browser/register',
        'POST /auth/browser/login',
        'POST /auth/browser/refresh',
        'POST /auth/browser/logout',
        'POST /auth/password/forgot',
        'POST /auth/password/reset',
        'POST /auth/email/verify',
        'POST /auth/browser/oidc/start',
        'POST /auth/browser/oidc/finish',
        'POST /auth/browser/oidc/refresh',
        'POST /auth/browser/oidc/logout',
        // By a service key in the headers, or by the key itself.
        'POST /apikey/verify',
        'POST /apikey/verify/batch',
        'GET /apikey/verify',
        'GET /apikey/self',
        'DELETE /apikey/self',
        'POST /leaks/report',
        'POST /leaks/github',
      ]),
    );
    // And nobody is asked for a scope on a route that does not say whose application it is about.
    const undeclared = explorer
      .routes()
      .filter((route) => (explorer.metadataOf(REQUIRED_SCOPES, route) as string[] | undefined)?.length)
      .filter((route) => explorer.metadataOf(ROUTE_PERMISSION, route) === undefined);
    expect(undeclared).toEqual([]);
  });

  /** No command and no route makes one with another scope than that to verify: it would be of no use. */
  async function platformKey(scope: ServiceScope): Promise<string> {
    const keys = app.nest.get(ServiceKeyService, { strict: false });
    const settings = { name: 'of the platform', scopes: [scope] };
    return (await keys.issue(systemActor('operator'), null, settings)).plaintext.reveal();
  }

  it('needs what it is promised to need, and no route is missing from the promise', () => {
    const needs = Object.fromEntries(routes.map(({ method, path, need }) => [`${method} ${path}`, need]));
    expect(needs).toEqual({
      'GET /applications/:id': 'read',
      'PATCH /applications/:id': 'manage-application',
      'DELETE /applications/:id': 'manage-application',
      'GET /applications/:id/members': 'read-members',
      'PUT /applications/:id/members/:subject': 'manage-members',
      'DELETE /applications/:id/members/:subject': 'manage-members',
      'POST /applications/:id/transfer': 'manage-members',
      'GET /applications/:id/offers': 'read-offers',
      'DELETE /applications/:id/offers/:offerId': 'manage-members',
      'GET /applications/:id/policy': 'read',
      'PATCH /applications/:id/policy': 'manage-policy',
      'GET /applications/:id/hygiene': 'read',
      'GET /applications/:id/hygiene/:finding': 'read',
      'GET /applications/:id/limits': 'read',
      'GET /applications/:id/usage': 'read',
      'GET /applications/:id/usage/keys': 'read',
      'GET /applications/:id/denials': 'read',
      'POST /applications/:id/try-key': 'try-keys',
      'PATCH /applications/:id/limits': 'manage-keys',
      'POST /applications/:id/credits': 'manage-keys',
      'GET /applications/:id/audit': 'read-audit',
      'GET /applications/:id/audit/export': 'read-audit',
      'GET /apikey': 'read',
      'POST /apikey': 'manage-keys',
      'POST /apikey/import': 'manage-keys',
      'GET /apikey/:id': 'read',
      'GET /apikey/:id/usage': 'read',
      'GET /apikey/:id/denials': 'read',
      'PATCH /apikey/:id': 'manage-keys',
      'DELETE /apikey/:id': 'manage-keys',
      'POST /apikey/:id/rotate': 'manage-keys',
      'POST /apikey/:id/credits': 'manage-keys',
      'DELETE /apikey/:id/secrets/:secretId': 'manage-keys',
      'GET /applications/:id/service-keys': 'manage-service-keys',
      'POST /applications/:id/service-keys': 'manage-service-keys',
      'GET /applications/:id/service-keys/:keyId': 'manage-service-keys',
      'PATCH /applications/:id/service-keys/:keyId': 'manage-service-keys',
      'DELETE /applications/:id/service-keys/:keyId': 'manage-service-keys',
      'POST /applications/:id/service-keys/:keyId/rotate': 'manage-service-keys',
      'GET /applications/:id/notifications': 'read-webhooks',
      'PUT /applications/:id/notifications': 'manage-webhooks',
      'GET /applications/:id/webhooks': 'read-webhooks',
      'POST /applications/:id/webhooks': 'manage-webhooks',
      'GET /applications/:id/webhooks/:webhookId': 'read-webhooks',
      'PATCH /applications/:id/webhooks/:webhookId': 'manage-webhooks',
      'DELETE /applications/:id/webhooks/:webhookId': 'manage-webhooks',
      'POST /applications/:id/webhooks/:webhookId/rotate': 'manage-webhooks',
      'POST /applications/:id/webhooks/:webhookId/test': 'manage-webhooks',
      'GET /applications/:id/webhooks/:webhookId/deliveries': 'read-webhooks',
      'POST /applications/:id/webhooks/:webhookId/deliveries/:deliveryId/resend': 'manage-webhooks',
    } satisfies Record<string, Permission>);
  });

  it('for the receiver of an offer answers them alone, whatever others are in the application', async () => {
    const answering = explorer
      .routes()
      .filter((route) => explorer.metadataOf(ROUTE_PERMISSION, route) === 'receiver');
    expect(answering.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'POST /applications/offers/:offerId/accept',
      'POST /applications/offers/:offerId/decline',
    ]);
    for (const { path } of answering) {
      await urlFor({ path });
      const { applicationId } = lastNamed;
      const receiver = await Client.signedIn(app);
      const offering = `/applications/${applicationId}/members/${receiver.userId}`;
      const { body } = await founder.put(offering).send({ role: 'admin' }).expect(202);
      const url = path.replace(':offerId', body.id as string);
      for (const client of [founder, ...Object.values(callers)]) {
        const answer = await client.post(url);
        expect([answer.status, answer.body.code]).toEqual([404, 'offer_not_found']);
      }
      for (const scope of SERVICE_SCOPES) {
        const settings = { name: 'a machine', scopes: [scope] };
        const { key } = await founder.issueServiceKey(applicationId, settings);
        const answer = await new Client(app, { accessToken: key, user: { id: '' } }).post(url);
        expect([answer.status, answer.body.code]).toEqual([403, 'insufficient_scope']);
      }
      expect((await receiver.post(url)).status).toBeLessThan(300);
    }
  });

  it('needs more than reading when it changes anything, and no more when it does not', () => {
    // Who may see service keys is who may change them.
    const others = routes.filter(({ need }) => need !== 'manage-service-keys');
    const reading = others.filter(({ need }) => need.startsWith('read')).map(({ name }) => name);
    const getting = others.filter(({ method }) => method === 'GET').map(({ name }) => name);
    expect(reading).toEqual(getting);
  });

  it('has a caller to tell whose application it is', async () => {
    for (const route of routes) {
      const method = route.method.toLowerCase() as 'get';
      const response = await request(app.http)[method](route.path.replace(/:\w+/g, UNKNOWN_ID));
      expect([route.name, response.status]).toEqual([route.name, 401]);
    }
  });

  it('declares its need, or the service does not start', async () => {
    @Controller('applications')
    class Undeclared {
      @Get(':id/undeclared')
      @RequireScopes('applications:read')
      read(): void {
        return;
      }

      @Get('undeclared')
      @RequireScopes('applications:read')
      list(): void {
        return;
      }

      @Get(':id/no-scope')
      @RequireScopes()
      withoutScope(): void {
        return;
      }

      @Get(':id/denied')
      @RequireScopes('applications:read')
      @NamesNoApplication()
      denied(): void {
        return;
      }
    }
    @Module({ controllers: [Undeclared] })
    class PlantedModule {}
    const module = await Test.createTestingModule({
      imports: [AppModule.forRoot(app.env), PlantedModule],
    }).compile();
    const planted = module.createNestApplication<NestFastifyApplication>(createAdapter(app.env));
    try {
      await expect(planted.init()).rejects.toThrow(
        /: Undeclared\.read, Undeclared\.list, Undeclared\.withoutScope, Undeclared\.denied$/,
      );
    } finally {
      await planted.close();
    }
  });

  /** A URL of the route for an application, a key and a member that nobody has used yet. */
  async function urlFor(route: Pick<Route, 'path'>): Promise<string> {
    const applicationId = await founder.createApplication();
    lastNamed = { applicationId };
    for (const role of ['owner', 'admin', 'viewer'] as const) {
      await founder.takeIn(applicationId, callers[role], role);
    }
    const { id: keyId } = await founder.issueKey(applicationId);
    const ids: Record<string, string> = {
      id: route.path.startsWith('/apikey') ? keyId : applicationId,
      subject: founder.userId,
    };
    const path = route.path.replace(/:(\w+)/g, (_, name: string) => ids[name] ?? UNKNOWN_ID);
    return route.path.includes(':id') ? path : `${path}?ApplicationId=${applicationId}`;
  }

  /** The code of a refusal that has to do with who is calling, or `let in`. */
  async function answerTo(client: Client, method: string, url: string): Promise<unknown> {
    const response = await client[method.toLowerCase() as 'get'](url);
    if (response.status >= 500) throw new Error(`${method} ${url} answered ${response.status}`);
    return response.status === 401 || response.status === 403 ? response.body.code : 'let in';
  }
});

function expectation(caller: Caller, need: Permission): string {
  if (caller === 'stranger') return 'not_application_owner';
  return rolesWithPermission(need).includes(caller) ? 'let in' : 'insufficient_role';
}
