import { createHash, randomBytes } from 'node:crypto';
import request, { type Response } from 'supertest';
import { AS_SERVICE } from './service-key.js';
import { signIn, type Service } from './sign-in.js';

export interface Caller {
  accessToken: string;
  user: { id: string };
  /** Of their token, when it is another one than the service. */
  issuer?: string;
}

export interface CreatedKey {
  id: string;
  /** The plaintext. */
  key: string;
}

/** Calls the service as somebody who has signed in. */
export class Client {
  constructor(
    private readonly app: Service,
    readonly caller: Caller,
  ) {}

  static async signedIn(app: Service, options: { scope?: string } = {}): Promise<Client> {
    return new Client(app, await signIn(app, options));
  }

  get userId(): string {
    return this.caller.user.id;
  }

  get issuer(): string | undefined {
    return this.caller.issuer;
  }

  get(path: string): request.Test {
    return this.authorized(request(this.app.http).get(path));
  }

  post(path: string): request.Test {
    return this.authorized(request(this.app.http).post(path));
  }

  put(path: string): request.Test {
    return this.authorized(request(this.app.http).put(path));
  }

  patch(path: string): request.Test {
    return this.authorized(request(this.app.http).patch(path));
  }

  delete(path: string): request.Test {
    return this.authorized(request(this.app.http).delete(path));
  }

  /** The id of a new application of this caller's. */
  async createApplication(body: object = { name: 'an application' }): Promise<string> {
    const response = await this.post('/applications').send(body).expect(201);
    return response.body.id as string;
  }

  /** Makes somebody a member with this role, who accepts it. */
  async takeIn(applicationId: string, who: Client, role: 'owner' | 'admin' | 'viewer'): Promise<void> {
    const path = `/applications/${applicationId}/members/${encodeURIComponent(who.userId)}`;
    const { body } = await this.put(path)
      .send({ role, ...(who.issuer === undefined ? {} : { issuer: who.issuer }) })
      .expect(202);
    await who.accept(body.id as string).expect(200);
  }

  accept(offerId: string): request.Test {
    return this.post(`/applications/offers/${offerId}/accept`);
  }

  async issueKey(applicationId: string, body: object = {}): Promise<CreatedKey> {
    const response = await this.post(`/apikey?ApplicationId=${applicationId}`).send(body).expect(200);
    return { id: keyIdOf(response), key: response.body as string };
  }

  /** For a machine that may verify keys, unless `body` says otherwise. */
  async issueServiceKey(
    applicationId: string,
    body: object = { name: 'a machine', scopes: ['keys:verify'] },
  ): Promise<CreatedKey> {
    const response = await this.post(`/applications/${applicationId}/service-keys`).send(body).expect(200);
    return { id: keyIdOf(response), key: response.body as string };
  }

  /** Imports keys that were made elsewhere, and returns the outcomes. */
  async importKeys(
    applicationId: string,
    keys: readonly string[],
  ): Promise<{ outcome: string; id?: string }[]> {
    const response = await this.post(`/apikey/import?ApplicationId=${applicationId}`)
      .send({ keys: keys.map((key) => ({ sha256: createHash('sha256').update(key).digest('hex') })) })
      .expect(200);
    return (response.body as { results: { outcome: string; id?: string }[] }).results;
  }

  private authorized(test: request.Test): request.Test {
    return test.set('Authorization', `Bearer ${this.caller.accessToken}`);
  }
}

export function keyIdOf(response: Response): string {
  const [, id = ''] =
    /^\/(?:apikey|applications\/[0-9a-f-]{36}\/service-keys)\/([0-9a-f-]{36})$/.exec(
      response.headers.location!,
    ) ?? [];
  return id;
}

/** The verdict on a key, as a service that received it asks for it. */
export async function verify(app: Service, key: string, more: object = {}): Promise<Record<string, unknown>> {
  const response = await request(app.http)
    .post('/apikey/verify')
    .set(AS_SERVICE)
    .send({ key, ...more })
    .expect(200);
  return response.body as Record<string, unknown>;
}

/** A key as others make them; nobody has imported it. */
export function foreignKey(): string {
  return `sk_live_${randomBytes(18).toString('base64url')}`;
}

/** A UUID that names nothing. */
export const UNKNOWN_ID = '019b76da-a800-7000-8000-00000000dead';
