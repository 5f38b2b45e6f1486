import { AS_GATEWAY, AS_SERVICE } from '../../support/service-key.js';
import { Client, type CreatedKey } from '../../support/builders.js';
import { PASSWORD, signIn, type SignedIn } from '../../support/sign-in.js';
import type { Random } from '../../support/random.js';
import type { TestApp } from '../../support/test-app.js';

type Headers = Record<string, string>;

/** Everybody who may call, and what there is to call about. */
export class Scene {
  private constructor(
    private readonly people: readonly SignedIn[],
    private readonly credentialsOf: readonly Headers[],
    private readonly applications: readonly string[],
    private readonly keys: readonly CreatedKey[],
    private readonly serviceKeys: readonly CreatedKey[],
    private readonly secretIds: readonly string[],
    private readonly offers: readonly string[],
    private readonly sessions: readonly string[],
    private readonly webhooks: readonly string[],
    private readonly deliveries: readonly string[],
  ) {}

  static async set(app: TestApp): Promise<Scene> {
    const people = await Promise.all(Array.from({ length: 5 }, () => signIn(app)));
    const clients = people.map((person) => new Client(app, person));
    const [owner, admin, viewer, stranger, invited] = clients as [Client, Client, Client, Client, Client];
    const reader = await Client.signedIn(app, { scope: 'apikeys:read' });
    const application = await owner.createApplication({ name: 'fuzzed', environment: 'staging' });
    const foreign = await stranger.createApplication();
    await owner.takeIn(application, admin, 'admin');
    await owner.takeIn(application, viewer, 'viewer');
    const path = `/applications/${application}/members/${invited.userId}`;
    const { body: offer } = await owner.put(path).send({ role: 'admin' });
    const keys = [
      await owner.issueKey(application, { credits: { remaining: 1000 }, scopes: ['telemetry:*'] }),
      await admin.issueKey(application, { rateLimits: [{ name: 'burst', limit: 5, windowSeconds: 60 }] }),
      await owner.issueKey(application, { enabled: undefined, metadata: { team: 'red' }, tags: ['fuzzed'] }),
      await stranger.issueKey(foreign),
    ];
    const scopes = ['keys:verify', 'apikeys:read', 'apikeys:write', 'applications:read', 'audit:read'];
    const serviceKeys = [
      await owner.issueServiceKey(application, { name: 'a machine', scopes }),
      await stranger.issueServiceKey(foreign, { name: 'of another', scopes }),
    ];
    await owner.post(`/apikey/${keys[0]!.id}/rotate`).send({ overlapSeconds: 3600 });
    const { body: key } = await owner.get(`/apikey/${keys[0]!.id}`);
    const { body: sessions } = await owner.get('/auth/sessions');
    const webhooks = `/applications/${application}/webhooks`;
    // Nothing is listening there, and nothing is sent to a private address.
    const { body: webhook } = await owner.post(webhooks).send({ url: 'https://127.0.0.1:1/' });
    const { body: delivery } = await owner.post(`${webhooks}/${webhook.id}/test`);
    const bearers = [...clients, reader].map(({ caller }) => ({
      authorization: `Bearer ${caller.accessToken}`,
    }));
    const machines = serviceKeys.map(({ key: secret }) => ({ authorization: `Bearer ${secret}` }));
    return new Scene(
      people,
      [...bearers, ...machines, AS_SERVICE],
      [application, foreign],
      keys,
      serviceKeys,
      (key.secrets as { id: string }[]).map(({ id }) => id),
      [offer.id as string],
      (sessions.data as { id: string }[]).map(({ id }) => id),
      [webhook.id as string],
      [delivery.id as string],
    );
  }

  /** Mostly good ones that fit the route, and each combination of others now and then. */
  credentials(random: Random, path: string): Headers {
    if (random.chance(0.05)) {
      const bad = [
        'Bearer',
        'Bearer x',
        'Basic eDp4',
        `Bearer upblit_service_${'x'.repeat(36)}`,
        'Bearer a.b.c',
        '',
      ];
      return { authorization: random.pick(bad) };
    }
    if (random.chance(0.05)) return {};
    const key = random.pick(this.keys).key;
    if (path === '/apikey/self') return { 'x-api-key': key };
    if (path.startsWith('/apikey/verify')) {
      const service = random.pick(this.serviceKeys).key;
      return random.pick([
        AS_SERVICE as Headers,
        { ...(AS_GATEWAY as Headers), 'x-api-key': key },
        { 'x-service-key': service, authorization: `Bearer ${key}` },
        { authorization: `Bearer ${service}` },
        { 'x-api-key': key },
      ]);
    }
    // The owner is let do most.
    return random.chance(0.4) ? this.credentialsOf[0]! : random.pick(this.credentialsOf);
  }

  idFor(random: Random, name: string, path: string): string {
    if (name === 'subject') return random.pick(this.people).user.id;
    if (name === 'secretId') return random.pick(this.secretIds);
    if (name === 'offerId') return random.pick(this.offers);
    if (name === 'keyId') return random.pick(this.serviceKeys).id;
    if (name === 'webhookId') return random.pick(this.webhooks);
    if (name === 'deliveryId') return random.pick(this.deliveries);
    if (name === 'finding') return 'never_expires';
    if (path.startsWith('/auth/sessions')) return random.pick(this.sessions);
    return path.startsWith('/apikey') ? random.pick(this.keys).id : this.application(random);
  }

  /** Undefined for what the description says itself. */
  queryFor(random: Random, name: string): string | undefined {
    if (name === 'ApplicationId') return this.application(random);
    if (name === 'keyId') return random.pick(this.keys).id;
    if (name === 'limit') return String(random.integer(1, 100));
    if (name === 'from') return new Date(Date.now() - random.integer(1, 40) * 86_400_000).toISOString();
    if (name === 'to') return new Date(Date.now() + random.integer(-1, 1) * 86_400_000).toISOString();
    return undefined;
  }

  /** A body as the description has it, with what there is in place of what it names. */
  inBody(random: Random, body: unknown): unknown {
    if (typeof body !== 'object' || body === null || Array.isArray(body)) return body;
    const person = random.pick(this.people);
    const here: Record<string, unknown> = {
      email: person.user.email,
      password: PASSWORD,
      currentPassword: PASSWORD,
      refreshToken: person.refreshToken,
      subject: person.user.id,
      applicationId: this.application(random),
      key: random.pick(this.keys).key,
      ids: this.keys.map(({ id }) => id),
    };
    const entries = Object.entries(body).map(([name, value]) => [
      name,
      name in here && random.chance(0.8) ? here[name] : value,
    ]);
    return Object.fromEntries(entries);
  }

  private application(random: Random): string {
    return random.chance(0.8) ? this.applications[0]! : random.pick(this.applications);
  }
}
