import { randomBytes } from 'node:crypto';
import type { Client } from './builders.js';
import { PASSWORD, type SignedIn } from './sign-in.js';

/** What is there before a route is called: an application of the founder's, of which the caller is an owner, too. */
export interface Surroundings {
  founder: Client;
  caller: Client;
  applicationId: string;
  /** Somebody without a part in the application. */
  stranger: Client;
}

interface ChangingRoute {
  /** What has to be there besides; returns the call. */
  prepare: (surroundings: Surroundings) => Promise<{ path: string; body?: object }>;
  /** The events of the call, in their order. */
  events: string[];
}

const SERVICE_KEY = { name: 'a machine', scopes: ['keys:verify'] };

/** Nothing is listening there, and nothing is sent to a private address. */
const WEBHOOK = { url: 'https://127.0.0.1:1/' };

const CREDITS = { remaining: 10 };

/** Every route behind an access token that changes something of an application. */
export const CHANGING_ROUTES: Record<string, ChangingRoute> = {
  'POST /applications': {
    prepare: () => call('/applications', { name: 'another' }),
    events: ['ApplicationCreated'],
  },
  'PATCH /applications/:id': {
    prepare: ({ applicationId }) => call(`/applications/${applicationId}`, { name: 'another' }),
    events: ['ApplicationChanged'],
  },
  'DELETE /applications/:id': {
    prepare: async ({ founder, applicationId }) => {
      await founder.issueKey(applicationId);
      await founder.issueKey(applicationId);
      return call(`/applications/${applicationId}`);
    },
    events: ['ApplicationDeleted', 'ApiKeyRevoked', 'ApiKeyRevoked'],
  },
  'PUT /applications/:id/members/:subject': {
    prepare: ({ applicationId, stranger }) =>
      call(`/applications/${applicationId}/members/${stranger.userId}`, { role: 'viewer' }),
    events: ['OfferMade'],
  },
  'DELETE /applications/:id/members/:subject': {
    prepare: ({ applicationId, founder }) => call(`/applications/${applicationId}/members/${founder.userId}`),
    events: ['MemberRemoved', 'ApplicationOwnerChanged'],
  },
  'POST /applications/:id/transfer': {
    prepare: ({ applicationId, stranger }) =>
      call(`/applications/${applicationId}/transfer`, { subject: stranger.userId }),
    events: ['OfferMade'],
  },
  'DELETE /applications/:id/offers/:offerId': {
    prepare: async ({ founder, applicationId, stranger }) => {
      const offerId = await offerTransfer(founder, applicationId, stranger);
      return call(`/applications/${applicationId}/offers/${offerId}`);
    },
    events: ['OfferWithdrawn'],
  },
  'POST /applications/offers/:offerId/accept': {
    prepare: async ({ founder, applicationId, caller }) =>
      call(`/applications/offers/${await offerTransfer(founder, applicationId, caller)}/accept`),
    // The caller is an owner already, and the founder is none afterwards.
    events: ['OfferAccepted', 'MemberRoleChanged', 'ApplicationOwnerChanged'],
  },
  'POST /applications/offers/:offerId/decline': {
    prepare: async ({ founder, applicationId, caller }) =>
      call(`/applications/offers/${await offerTransfer(founder, applicationId, caller)}/decline`),
    events: ['OfferDeclined'],
  },
  'PATCH /applications/:id/policy': {
    prepare: ({ applicationId }) => call(`/applications/${applicationId}/policy`, { rotateEvery: 90 }),
    events: ['ApplicationPolicyChanged'],
  },
  'PATCH /applications/:id/limits': {
    prepare: ({ applicationId }) =>
      call(`/applications/${applicationId}/limits`, {
        rateLimits: [{ name: 'all', limit: 5, windowSeconds: 60 }],
        credits: CREDITS,
      }),
    events: ['ApplicationLimitsChanged', 'CreditsChanged'],
  },
  'POST /applications/:id/credits': {
    prepare: async ({ founder, applicationId }) => {
      await founder.patch(`/applications/${applicationId}/limits`).send({ credits: CREDITS }).expect(200);
      return call(`/applications/${applicationId}/credits`, { add: 5 });
    },
    events: ['CreditsChanged'],
  },
  'POST /apikey': {
    prepare: async ({ founder, applicationId }) => {
      // Whose keys have been counted: the next one is issued in the statement that keys share.
      await founder.issueKey(applicationId);
      return call(`/apikey?ApplicationId=${applicationId}`, { name: 'a key' });
    },
    events: ['ApiKeyIssued'],
  },
  'POST /apikey/import': {
    prepare: ({ applicationId }) =>
      call(`/apikey/import?ApplicationId=${applicationId}`, {
        keys: [{ sha256: randomBytes(32).toString('hex') }],
      }),
    events: ['ApiKeyImported'],
  },
  'POST /apikey/bulk-revoke': {
    prepare: async ({ founder, applicationId }) => {
      const [first, second] = [await founder.issueKey(applicationId), await founder.issueKey(applicationId)];
      return call('/apikey/bulk-revoke', { ids: [first.id, second.id] });
    },
    events: ['ApiKeyRevoked', 'ApiKeyRevoked'],
  },
  'PATCH /apikey/:id': {
    prepare: async (surroundings) =>
      call(await pathOfKey(surroundings), { enabled: false, credits: CREDITS }),
    events: ['ApiKeyChanged', 'CreditsChanged'],
  },
  'DELETE /apikey/:id': {
    prepare: async (surroundings) => call(await pathOfKey(surroundings)),
    events: ['ApiKeyRevoked'],
  },
  'POST /apikey/:id/rotate': {
    prepare: async (surroundings) => call(`${await pathOfKey(surroundings)}/rotate`, {}),
    events: ['ApiKeyRotated'],
  },
  'POST /apikey/:id/credits': {
    prepare: async (surroundings) =>
      call(`${await pathOfKey(surroundings, { credits: CREDITS })}/credits`, { set: 3 }),
    events: ['CreditsChanged'],
  },
  'DELETE /apikey/:id/secrets/:secretId': {
    prepare: async (surroundings) => {
      const path = await pathOfKey(surroundings);
      await surroundings.founder.post(`${path}/rotate`).send({ overlapSeconds: 3600 }).expect(200);
      const key = await surroundings.founder.get(path).expect(200);
      return call(`${path}/secrets/${key.body.secrets[0].id}`);
    },
    events: ['ApiKeySecretEnded'],
  },
  'POST /applications/:id/service-keys': {
    prepare: async ({ founder, applicationId }) => {
      // As with other keys: the next one is issued in the statement that keys share.
      await founder.issueServiceKey(applicationId);
      return call(`/applications/${applicationId}/service-keys`, SERVICE_KEY);
    },
    events: ['ServiceKeyIssued'],
  },
  'PATCH /applications/:id/service-keys/:keyId': {
    prepare: async (surroundings) => call(await pathOfServiceKey(surroundings), { enabled: false }),
    events: ['ServiceKeyChanged'],
  },
  'DELETE /applications/:id/service-keys/:keyId': {
    prepare: async (surroundings) => call(await pathOfServiceKey(surroundings)),
    events: ['ServiceKeyRevoked'],
  },
  'POST /applications/:id/service-keys/:keyId/rotate': {
    prepare: async (surroundings) => call(`${await pathOfServiceKey(surroundings)}/rotate`, {}),
    events: ['ServiceKeyRotated'],
  },
  'PUT /applications/:id/notifications': {
    prepare: ({ applicationId }) => call(`/applications/${applicationId}/notifications`, { mail: true }),
    events: ['NotificationsChanged'],
  },
  'POST /applications/:id/webhooks': {
    prepare: ({ applicationId }) => call(`/applications/${applicationId}/webhooks`, WEBHOOK),
    events: ['WebhookCreated'],
  },
  'PATCH /applications/:id/webhooks/:webhookId': {
    prepare: async (surroundings) => call(await pathOfWebhook(surroundings), { enabled: false }),
    events: ['WebhookChanged'],
  },
  'DELETE /applications/:id/webhooks/:webhookId': {
    prepare: async (surroundings) => call(await pathOfWebhook(surroundings)),
    events: ['WebhookDeleted'],
  },
  'POST /applications/:id/webhooks/:webhookId/rotate': {
    prepare: async (surroundings) => call(`${await pathOfWebhook(surroundings)}/rotate`, {}),
    events: ['WebhookSecretRotated'],
  },
  'POST /applications/:id/webhooks/:webhookId/test': {
    prepare: async (surroundings) => call(`${await pathOfWebhook(surroundings)}/test`),
    events: ['WebhookTested'],
  },
  'POST /applications/:id/webhooks/:webhookId/deliveries/:deliveryId/resend': {
    prepare: async (surroundings) => {
      const path = await pathOfWebhook(surroundings);
      const { body } = await surroundings.founder.post(`${path}/test`).expect(202);
      return call(`${path}/deliveries/${body.id as string}/resend`);
    },
    events: ['WebhookDeliveryResent'],
  },
};

interface OwnRoute {
  /** The call of somebody who has logged in twice; `other` is the login that does not make it. */
  prepare: (other: SignedIn) => { path: string; body?: object };
  events: string[];
}

/** Every route behind an access token that changes something of the person whose it is. */
export const OWN_ROUTES: Record<string, OwnRoute> = {
  'POST /auth/password': {
    prepare: () => ({
      path: '/auth/password',
      body: { currentPassword: PASSWORD, newPassword: 'a longer walk in the mountains' },
    }),
    events: ['PasswordChanged', 'SessionEnded'],
  },
  'DELETE /auth/me': {
    prepare: () => ({ path: '/auth/me', body: { password: PASSWORD } }),
    events: ['SessionEnded', 'SessionEnded', 'UserDeleted'],
  },
  'DELETE /auth/sessions': {
    prepare: () => ({ path: '/auth/sessions' }),
    events: ['SessionEnded'],
  },
  'DELETE /auth/sessions/:id': {
    prepare: (other) => ({ path: `/auth/sessions/${sessionOf(other)}` }),
    events: ['SessionEnded'],
  },
};

/** The id of the session that an access token belongs to. */
export function sessionOf({ accessToken }: Pick<SignedIn, 'accessToken'>): string {
  const claims = Buffer.from(accessToken.split('.')[1]!, 'base64url').toString();
  return (JSON.parse(claims) as { sid: string }).sid;
}

function call(path: string, body?: object): Promise<{ path: string; body?: object }> {
  return Promise.resolve(body === undefined ? { path } : { path, body });
}

async function offerTransfer(by: Client, applicationId: string, to: Client): Promise<string> {
  const path = `/applications/${applicationId}/transfer`;
  const { body } = await by.post(path).send({ subject: to.userId }).expect(202);
  return body.id as string;
}

async function pathOfKey({ founder, applicationId }: Surroundings, settings: object = {}): Promise<string> {
  const { id } = await founder.issueKey(applicationId, settings);
  return `/apikey/${id}`;
}

async function pathOfServiceKey({ founder, applicationId }: Surroundings): Promise<string> {
  const { id } = await founder.issueServiceKey(applicationId);
  return `/applications/${applicationId}/service-keys/${id}`;
}

async function pathOfWebhook({ founder, applicationId }: Surroundings): Promise<string> {
  const { headers } = await founder.post(`/applications/${applicationId}/webhooks`).send(WEBHOOK).expect(201);
  return headers.location!;
}

/** A new application of the founder's, of which the caller is an owner, too. */
export async function surround(founder: Client, caller: Client, stranger: Client): Promise<Surroundings> {
  const applicationId = await founder.createApplication();
  await founder.takeIn(applicationId, caller, 'owner');
  return { founder, caller, stranger, applicationId };
}
