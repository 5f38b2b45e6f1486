import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type request from 'supertest';
import { ExpiredOffersPurge } from '../../src/modules/applications/infrastructure/expired-offers.purge.js';
import { Client, UNKNOWN_ID, verify } from '../support/builders.js';
import { EventLog } from '../support/event-log.js';
import { ExternalIssuer } from '../support/external-issuer.js';
import { TestApp } from '../support/test-app.js';

const SEVEN_DAYS_MS = 7 * 86_400_000;

describe('an offer', () => {
  let issuer: ExternalIssuer;
  let app: TestApp;
  let log: EventLog;
  let owner: Client;
  let friend: Client;
  let stranger: Client;
  let applicationId: string;

  beforeAll(async () => {
    issuer = await ExternalIssuer.start();
    app = await TestApp.start({ env: { JWT_ISSUERS: JSON.stringify([issuer.settings()]) } });
    log = await EventLog.of(app);
  });
  afterAll(async () => {
    await app.stop();
    await issuer.stop();
  });
  beforeEach(async () => {
    [owner, friend, stranger] = (await Promise.all([1, 2, 3].map(() => Client.signedIn(app)))) as [
      Client,
      Client,
      Client,
    ];
    applicationId = await owner.createApplication({ name: 'Weather' });
  });

  const offerRole = (to: Client, role: string, by = owner): request.Test =>
    by.put(`/applications/${applicationId}/members/${to.userId}`).send({ role });
  const offerTransfer = (to: Client, by = owner): request.Test =>
    by.post(`/applications/${applicationId}/transfer`).send({ subject: to.userId });
  const decline = (id: string, by: Client): request.Test => by.post(`/applications/offers/${id}/decline`);
  const withdraw = (id: string, by = owner): request.Test =>
    by.delete(`/applications/${applicationId}/offers/${id}`);
  const WAYS = {
    'of a membership': () => offerRole(friend, 'admin'),
    'of the ownership': () => offerTransfer(friend),
  };
  const ways = Object.entries(WAYS);

  async function made(call: request.Test): Promise<string> {
    return (await call.expect(202)).body.id as string;
  }
  async function expectRefusal(call: request.Test, status: number, code: string): Promise<void> {
    const response = await call;
    expect([response.status, response.body.code]).toEqual([status, code]);
  }
  const expectNotFound = (call: request.Test): Promise<void> => expectRefusal(call, 404, 'offer_not_found');
  async function idsOf(client: Client, path: string): Promise<string[]> {
    const { body } = await client.get(path).expect(200);
    return (body.data as { id: string }[]).map(({ id }) => id);
  }
  const toMe = (client: Client): Promise<string[]> => idsOf(client, '/applications/offers');
  const open = (client = owner): Promise<string[]> => idsOf(client, `/applications/${applicationId}/offers`);
  async function roles(): Promise<Record<string, string>> {
    const rows = await app.query('SELECT subject, role FROM application_members WHERE application_id = $1', [
      applicationId,
    ]);
    return Object.fromEntries((rows as { subject: string; role: string }[]).map((r) => [r.subject, r.role]));
  }
  const letRunOut = (id: string): Promise<unknown> =>
    app.query(
      `UPDATE application_offers
          SET created_at = created_at - interval '7 days', expires_at = expires_at - interval '7 days'
        WHERE id = $1`,
      [id],
    );

  it.each(ways)('%s changes nothing until its receiver accepts it', async (_, offer) => {
    const { key } = await owner.issueKey(applicationId);
    const { body } = await offer().expect(202);
    expect(body).toEqual({
      id: expect.any(String),
      kind: expect.stringMatching(/^(membership|transfer)$/),
      role: body.kind === 'transfer' ? 'owner' : 'admin',
      applicationId,
      applicationName: 'Weather',
      subject: friend.userId,
      createdBy: owner.userId,
      createdAt: expect.any(String),
      expiresAt: new Date(Date.parse(body.createdAt as string) + SEVEN_DAYS_MS).toISOString(),
    });
    expect(await roles()).toEqual({ [owner.userId]: 'owner' });
    await expectRefusal(friend.get(`/applications/${applicationId}`), 403, 'not_application_owner');
    await expectRefusal(friend.post(`/apikey?ApplicationId=${applicationId}`), 403, 'not_application_owner');
    expect(await verify(app, key)).toMatchObject({ ownerId: owner.userId });
    const { body: application } = await friend.accept(body.id as string).expect(200);
    expect(application).toMatchObject({ id: applicationId, name: 'Weather' });
    await friend.issueKey(applicationId);
    expect((await roles())[friend.userId]).toBe(body.role);
  });

  it('is listed for whom it is made to, and for the owners and admins of its application', async () => {
    await owner.takeIn(applicationId, stranger, 'viewer');
    const { body: offer } = await offerRole(friend, 'viewer').expect(202);
    const listed = await friend.get('/applications/offers').expect(200);
    expect(listed.body).toEqual({ data: [offer], nextCursor: null });
    const ofApplication = await owner.get(`/applications/${applicationId}/offers`).expect(200);
    expect(ofApplication.body).toEqual({ data: [offer], nextCursor: null });
    expect(await toMe(stranger)).toEqual([]);
    expect(await toMe(owner)).toEqual([]);
    await expectRefusal(stranger.get(`/applications/${applicationId}/offers`), 403, 'insufficient_role');
    await offerRole(stranger, 'admin').expect(200);
    expect(await open(stranger)).toEqual([offer.id]);
    await friend.accept(offer.id as string).expect(200);
    expect([await toMe(friend), await open()]).toEqual([[], []]);
  });

  it('is listed newest first, in pages', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 3; i++) {
      applicationId = await owner.createApplication();
      ids.unshift(await made(offerRole(friend, 'viewer')));
    }
    const first = await friend.get('/applications/offers?limit=2').expect(200);
    const { nextCursor } = first.body;
    const rest = await friend.get(`/applications/offers?limit=2&cursor=${nextCursor}`).expect(200);
    const seen = [...first.body.data, ...rest.body.data].map(({ id }: { id: string }) => id);
    expect(seen).toEqual(ids);
    expect(rest.body.nextCursor).toBeNull();
    await expectRefusal(
      owner.get(`/applications/${applicationId}/offers?cursor=${nextCursor}`),
      400,
      'invalid_cursor',
    );
  });

  it('makes somebody an owner only who accepts that, though a member already', async () => {
    await owner.takeIn(applicationId, friend, 'viewer');
    const id = await made(offerRole(friend, 'owner'));
    expect((await roles())[friend.userId]).toBe('viewer');
    // The last owner still is the last: nobody is left with what they did not accept.
    await expectRefusal(
      owner.delete(`/applications/${applicationId}/members/${owner.userId}`),
      409,
      'last_owner',
    );
    await friend.accept(id).expect(200);
    expect((await roles())[friend.userId]).toBe('owner');
    await owner.delete(`/applications/${applicationId}/members/${owner.userId}`).expect(204);
  });

  it('takes the place of what was offered to the same person, and is the same when repeated', async () => {
    const first = await made(offerRole(friend, 'viewer'));
    expect(await made(offerRole(friend, 'viewer'))).toBe(first);
    const second = await made(offerRole(friend, 'admin'));
    await expectNotFound(friend.accept(first));
    const third = await made(offerTransfer(friend));
    await expectNotFound(friend.accept(second));
    expect(await open()).toEqual([third]);
    expect(await made(offerTransfer(friend))).toBe(third);
  });

  it('is withdrawn with what is decided about its receiver next', async () => {
    await owner.takeIn(applicationId, friend, 'viewer');
    const first = await made(offerRole(friend, 'owner'));
    await offerRole(friend, 'admin').expect(200);
    await expectNotFound(friend.accept(first));
    const second = await made(offerRole(friend, 'owner'));
    await owner.delete(`/applications/${applicationId}/members/${friend.userId}`).expect(204);
    await expectNotFound(friend.accept(second));
    // Who is no member yet is taken out, too.
    const third = await made(offerRole(friend, 'viewer'));
    await owner.delete(`/applications/${applicationId}/members/${friend.userId}`).expect(204);
    await expectNotFound(friend.accept(third));
    await expectRefusal(
      owner.delete(`/applications/${applicationId}/members/${friend.userId}`),
      404,
      'member_not_found',
    );
  });

  it.each(ways)('%s lasts no longer than its maker is an owner', async (_, offer) => {
    await owner.takeIn(applicationId, stranger, 'owner');
    const changes: Record<string, () => request.Test> = {
      'becomes an admin': () => offerRole(owner, 'admin', stranger).expect(200),
      'is taken out': () =>
        stranger.delete(`/applications/${applicationId}/members/${owner.userId}`).expect(204),
    };
    for (const change of Object.values(changes)) {
      const id = await made(offer());
      await change();
      await expectNotFound(friend.accept(id));
      expect(await toMe(friend)).toEqual([]);
      await stranger.takeIn(applicationId, owner, 'owner');
      await expectNotFound(friend.accept(id));
    }
    expect((await roles())[friend.userId]).toBeUndefined();
  });

  it.each(ways)('%s gives nothing when a node that knows no offers took its maker out', async (_, offer) => {
    await owner.takeIn(applicationId, stranger, 'owner');
    const id = await made(offer());
    await app.query('DELETE FROM application_members WHERE application_id = $1 AND subject = $2', [
      applicationId,
      owner.userId,
    ]);
    await expectNotFound(friend.accept(id));
    expect(Object.keys(await roles())).toEqual([stranger.userId]);
  });

  it('may be declined, and made again', async () => {
    const id = await made(offerRole(friend, 'viewer'));
    await decline(id, friend).expect(204, '');
    await expectNotFound(friend.accept(id));
    await expectNotFound(decline(id, friend));
    expect([await toMe(friend), await open(), await roles()]).toEqual([[], [], { [owner.userId]: 'owner' }]);
    await owner.takeIn(applicationId, friend, 'viewer');
  });

  it('is withdrawn by its maker, or by another owner, and by nobody else', async () => {
    await owner.takeIn(applicationId, stranger, 'admin');
    const id = await made(offerRole(friend, 'viewer'));
    await expectRefusal(withdraw(id, stranger), 403, 'insufficient_role');
    await expectRefusal(withdraw(id, friend), 403, 'not_application_owner');
    await withdraw(id).expect(204, '');
    await expectNotFound(withdraw(id));
    expect(await toMe(friend)).toEqual([]);
    const other = await made(offerRole(stranger, 'owner'));
    await stranger.accept(other).expect(200);
    await withdraw(await made(offerRole(friend, 'viewer')), stranger).expect(204);
    // That of another application is none of this one.
    const ofThis = await made(offerRole(friend, 'viewer'));
    applicationId = await owner.createApplication();
    await expectNotFound(withdraw(ofThis));
  });

  describe('is refused:', () => {
    it('to oneself', async () => {
      const response = await offerTransfer(owner);
      expect([response.status, response.body.errors]).toEqual([
        400,
        [{ field: 'subject', message: 'is you: name whom the application is to be handed on to' }],
      ]);
      expect(await open()).toEqual([]);
    });

    it('to a person who is unknown: not registered, or of an issuer whose tokens are not taken', async () => {
      for (const call of [
        owner.post(`/applications/${applicationId}/transfer`).send({ subject: UNKNOWN_ID }),
        owner.put(`/applications/${applicationId}/members/${UNKNOWN_ID}`).send({ role: 'viewer' }),
      ]) {
        await expectRefusal(call, 404, 'user_not_found');
      }
      const elsewhere = { subject: 'somebody', issuer: 'https://nobody.example/' };
      await expectRefusal(
        owner.post(`/applications/${applicationId}/transfer`).send(elsewhere),
        400,
        'validation_failed',
      );
      expect(await open()).toEqual([]);
    });

    it.each(ways)('%s by somebody who is no owner', async (_, offer) => {
      [owner, stranger] = [stranger, owner];
      await expectRefusal(offer(), 403, 'not_application_owner');
      await stranger.takeIn(applicationId, owner, 'admin');
      await expectRefusal(offer(), 403, 'insufficient_role');
    });
  });

  describe.each(ways)('%s is not accepted', (_, offer) => {
    const expectNoMember = async (): Promise<void> => {
      expect(await roles()).toEqual({ [owner.userId]: 'owner' });
    };

    it('twice, nor by more than one of many calls', async () => {
      const id = await made(offer());
      const statuses = await Promise.all(Array.from({ length: 16 }, () => friend.accept(id)));
      expect(statuses.filter(({ status }) => status === 200)).toHaveLength(1);
      await expectNotFound(friend.accept(id));
      await expectNotFound(decline(id, friend));
    });

    it('after it was withdrawn, nor while that is answered', async () => {
      const id = await made(offer());
      await withdraw(id).expect(204);
      await expectNotFound(friend.accept(id));
      await expectNoMember();
      const raced = await made(offer());
      const [withdrawn, accepted] = await Promise.all([withdraw(raced), friend.accept(raced)]);
      // One of both, whichever came first.
      expect([withdrawn.status < 300, accepted.status < 300].filter(Boolean)).toHaveLength(1);
    });

    it('by somebody else, whoever they are', async () => {
      const double = new Client(app, {
        accessToken: issuer.token({ sub: friend.userId }),
        user: { id: friend.userId },
      });
      const id = await made(offer());
      for (const other of [stranger, owner, double]) {
        await expectNotFound(other.accept(id));
        await expectNotFound(decline(id, other));
        expect(await toMe(other)).toEqual([]);
      }
      await expectNoMember();
      expect(await toMe(friend)).toEqual([id]);
    });

    it('when the application was deleted', async () => {
      const id = await made(offer());
      await owner.delete(`/applications/${applicationId}`).expect(204);
      await expectNotFound(friend.accept(id));
      await expectNotFound(decline(id, friend));
      await expectRefusal(withdraw(id), 404, 'application_not_found');
      expect(await toMe(friend)).toEqual([]);
      expect(await app.query('SELECT FROM application_offers WHERE id = $1', [id])).toEqual([]);
    });

    it('when a node that knows no offers has deleted the application', async () => {
      const id = await made(offer());
      await app.query('UPDATE applications SET deleted_at = now() WHERE id = $1', [applicationId]);
      await expectNotFound(friend.accept(id));
      await expectNotFound(decline(id, friend));
      expect(await toMe(friend)).toEqual([]);
    });

    it('after seven days', async () => {
      const id = await made(offer());
      await letRunOut(id);
      await expectNotFound(friend.accept(id));
      await expectNotFound(decline(id, friend));
      await expectNotFound(withdraw(id));
      expect([await toMe(friend), await open()]).toEqual([[], []]);
      await expectNoMember();
      // It does not stand in the way of another.
      await friend.accept(await made(offer())).expect(200);
    });

    it('without the scope', async () => {
      const id = await made(offer());
      const reader = await Client.signedIn(app, { scope: 'applications:read' });
      await expectRefusal(reader.accept(id), 403, 'insufficient_scope');
      await expectRefusal(decline(id, reader), 403, 'insufficient_scope');
    });

    it.each(['accept', 'decline'])('by a malformed or an unknown id (%s)', async (answer) => {
      await expectRefusal(friend.post(`/applications/offers/no-id/${answer}`), 400, 'validation_failed');
      await expectNotFound(friend.post(`/applications/offers/${UNKNOWN_ID}/${answer}`));
      await expectRefusal(withdraw('no-id'), 400, 'validation_failed');
    });
  });

  it('is no business of a service key', async () => {
    const settings = { name: 'a machine', scopes: ['applications:read', 'apikeys:write'] };
    const { key } = await owner.issueServiceKey(applicationId, settings);
    const machine = new Client(app, { accessToken: key, user: { id: '' } });
    await expectRefusal(machine.get('/applications/offers'), 403, 'insufficient_role');
    await expectRefusal(machine.get(`/applications/${applicationId}/offers`), 403, 'insufficient_role');
    await expectRefusal(machine.accept(await made(offerRole(friend, 'viewer'))), 403, 'insufficient_scope');
  });

  it('is to people of another issuer, too, whom nobody can look up', async () => {
    const guest = new Client(app, {
      accessToken: issuer.token({ sub: 'auth0|eve' }),
      user: { id: 'auth0|eve' },
      issuer: issuer.issuer,
    });
    const terms = { subject: 'auth0|eve', issuer: issuer.issuer };
    const { body } = await owner.post(`/applications/${applicationId}/transfer`).send(terms).expect(202);
    expect(body).toMatchObject(terms);
    expect(await toMe(guest)).toEqual([body.id]);
    await guest.accept(body.id as string).expect(200);
    const offer = await guest
      .put(`/applications/${applicationId}/members/${friend.userId}`)
      .send({ role: 'viewer' });
    expect(offer.body).toMatchObject({ createdBy: 'auth0|eve', createdByIssuer: issuer.issuer });
  });

  it('is told of in the name of who makes it, and of who answers it', async () => {
    const events = await log.during(async () => {
      const id = await made(offerRole(friend, 'viewer'));
      await offerRole(friend, 'viewer').expect(202);
      await friend.accept(id).expect(200);
      await owner.delete(`/applications/${applicationId}/members/${friend.userId}`).expect(204);
      await made(offerRole(friend, 'admin'));
      await decline(await made(offerTransfer(friend)), friend).expect(204);
    });
    const fields = { kind: 'membership', issuer: 'local', subject: friend.userId, role: 'viewer' };
    const member = { issuer: 'local', subject: friend.userId, role: 'viewer' };
    expect(events.map(({ name, actor, before, after }) => [name, actor.subject, before, after])).toEqual([
      ['OfferMade', owner.userId, null, fields],
      ['OfferAccepted', friend.userId, fields, null],
      ['MemberAdded', friend.userId, null, member],
      ['MemberRemoved', owner.userId, member, null],
      ['OfferMade', owner.userId, null, { ...fields, role: 'admin' }],
      ['OfferWithdrawn', owner.userId, { ...fields, role: 'admin' }, null],
      ['OfferMade', owner.userId, null, { ...fields, kind: 'transfer', role: 'owner' }],
      ['OfferDeclined', friend.userId, { ...fields, kind: 'transfer', role: 'owner' }, null],
    ]);
  });

  it('is deleted when it has run out, and not before', async () => {
    const [late, current] = [
      await made(offerRole(friend, 'viewer')),
      await made(offerRole(stranger, 'viewer')),
    ];
    await letRunOut(late);
    await app.nest.get(ExpiredOffersPurge, { strict: false }).run();
    const rows = await app.query('SELECT id FROM application_offers WHERE id = ANY($1)', [[late, current]]);
    expect(rows).toEqual([{ id: current }]);
  });
});
