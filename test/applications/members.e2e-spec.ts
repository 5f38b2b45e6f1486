import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type request from 'supertest';
import { forgeToken } from '../support/access-token.js';
import { Client, UNKNOWN_ID, verify } from '../support/builders.js';
import { ExternalIssuer } from '../support/external-issuer.js';
import { addSilentNode, timeOf } from '../support/silent-node.js';
import { TestApp } from '../support/test-app.js';

const ELSEWHERE = 'auth0|ann/ä 100%';

describe('the members of an application', () => {
  let issuer: ExternalIssuer;
  let app: TestApp;
  let owner: Client;
  let friend: Client;
  let stranger: Client;
  /** Somebody with a token of another issuer. */
  let guest: Client;
  let applicationId: string;
  const memberPath = (who: Client | string): string =>
    `/applications/${applicationId}/members/${encodeURIComponent(typeof who === 'string' ? who : who.userId)}`;
  const put = (who: Client | string, body: object, by = owner): request.Test =>
    by.put(memberPath(who)).send(body);

  beforeAll(async () => {
    issuer = await ExternalIssuer.start();
    app = await TestApp.start({ env: { JWT_ISSUERS: JSON.stringify([issuer.settings()]) } });
    [owner, friend, stranger] = (await Promise.all([1, 2, 3].map(() => Client.signedIn(app)))) as [
      Client,
      Client,
      Client,
    ];
    guest = new Client(app, {
      accessToken: issuer.token({ sub: ELSEWHERE }),
      user: { id: ELSEWHERE },
      issuer: issuer.issuer,
    });
  });
  afterAll(async () => {
    await app.stop();
    await issuer.stop();
  });
  beforeEach(async () => {
    applicationId = await owner.createApplication();
  });

  async function roles(): Promise<Record<string, string>> {
    const { body } = await owner.get(`/applications/${applicationId}/members?limit=100`).expect(200);
    const members = body.data as { subject: string; role: string }[];
    return Object.fromEntries(members.map(({ subject, role }) => [subject, role]));
  }
  async function expectRefusal(call: request.Test, status: number, code: string): Promise<void> {
    const response = await call;
    expect([response.status, response.body.code]).toEqual([status, code]);
  }

  it('are its creator alone at first, as owner', async () => {
    const { body } = await owner.get(`/applications/${applicationId}/members`).expect(200);
    expect(body).toEqual({
      data: [
        {
          subject: owner.userId,
          role: 'owner',
          email: expect.stringMatching(/@/),
          createdAt: expect.stringMatching(/Z$/),
          updatedAt: body.data[0].createdAt,
        },
      ],
      nextCursor: null,
    });
  });

  it('change roles by PUT, which may be repeated', async () => {
    await owner.takeIn(applicationId, friend, 'viewer');
    const made = await put(friend, { role: 'viewer' }).expect(200);
    expect(made.body).toMatchObject({ subject: friend.userId, role: 'viewer' });
    const again = await put(friend, { role: 'viewer' }).expect(200);
    expect(again.body).toEqual(made.body);
    const raised = await put(friend, { role: 'admin' }).expect(200);
    expect(raised.body).toMatchObject({ role: 'admin', createdAt: made.body.createdAt });
    expect(await roles()).toEqual({ [owner.userId]: 'owner', [friend.userId]: 'admin' });
  });

  it('find the application among theirs as long as they are members', async () => {
    const newcomer = await Client.signedIn(app);
    const own = await newcomer.createApplication();
    const idsSeen = async (): Promise<string[]> => {
      const { body } = await newcomer.get('/applications').expect(200);
      return body.data.map(({ id }: { id: string }) => id);
    };
    await owner.takeIn(applicationId, newcomer, 'viewer');
    expect(await idsSeen()).toEqual([own, applicationId]);
    await owner.delete(memberPath(newcomer)).expect(204, '');
    expect(await idsSeen()).toEqual([own]);
    await expectRefusal(newcomer.get(`/applications/${applicationId}`), 403, 'not_application_owner');
  });

  it('are listed newest first, in pages', async () => {
    await owner.takeIn(applicationId, friend, 'viewer');
    await owner.takeIn(applicationId, stranger, 'admin');
    const path = `/applications/${applicationId}/members?limit=2`;
    const first = await friend.get(path).expect(200);
    const rest = await friend.get(`${path}&cursor=${first.body.nextCursor}`).expect(200);
    const seen = [...first.body.data, ...rest.body.data].map(({ subject }: { subject: string }) => subject);
    expect(seen).toEqual([stranger.userId, friend.userId, owner.userId]);
    expect(rest.body.nextCursor).toBeNull();
    const other = await owner.createApplication();
    await expectRefusal(
      owner.get(`/applications/${other}/members?cursor=${first.body.nextCursor}`),
      400,
      'invalid_cursor',
    );
  });

  it('see the emails of those with an account here as owners and admins, and as viewers ids alone', async () => {
    // Of another issuer, and called there as somebody is here.
    const namesake = new Client(app, {
      accessToken: issuer.token({ sub: owner.userId }),
      user: { id: owner.userId },
      issuer: issuer.issuer,
    });
    await owner.takeIn(applicationId, friend, 'viewer');
    await owner.takeIn(applicationId, namesake, 'admin');
    const emailsSeenBy = async (client: Client): Promise<unknown[]> => {
      const { body } = await client.get(`/applications/${applicationId}/members`).expect(200);
      return (body.data as { email?: string }[]).map(({ email }) => email);
    };
    const [ownersEmail, friendsEmail] = await Promise.all(
      [owner, friend].map(async (client) => (await client.get('/auth/me').expect(200)).body.email as string),
    );
    expect(await emailsSeenBy(owner)).toEqual([undefined, friendsEmail, ownersEmail]);
    expect(await emailsSeenBy(namesake)).toEqual([undefined, friendsEmail, ownersEmail]);
    expect(await emailsSeenBy(friend)).toEqual([undefined, undefined, undefined]);
    // Nobody learns the email of whoever has accepted nothing.
    const { body: offer } = await put(stranger, { role: 'viewer' }).expect(202);
    const { body: offers } = await owner.get(`/applications/${applicationId}/offers`).expect(200);
    expect(JSON.stringify([offer, offers])).not.toContain('@');
  });

  it('manage keys as admins and only read as viewers', async () => {
    const { id, key } = await owner.issueKey(applicationId);
    await owner.takeIn(applicationId, friend, 'viewer');
    await friend.get(`/apikey/${id}`).expect(200);
    await expectRefusal(friend.delete(`/apikey/${id}`), 403, 'insufficient_role');
    await expectRefusal(friend.post(`/apikey?ApplicationId=${applicationId}`), 403, 'insufficient_role');
    expect(await verify(app, key)).toMatchObject({ valid: true });
    await put(friend, { role: 'admin' }).expect(200);
    const issued = await friend.issueKey(applicationId);
    expect(await verify(app, issued.key)).toMatchObject({ valid: true, ownerId: owner.userId });
    await friend.delete(`/apikey/${id}`).expect(204);
    expect(await verify(app, key)).toEqual({ valid: false, code: 'REVOKED' });
  });

  it('need their token to have the scope, whatever their role', async () => {
    const reader = await Client.signedIn(app, { scope: 'applications:read' });
    const reallyThem = forgeToken(app, { claims: { sub: reader.userId, scope: 'applications:write' } });
    const able = new Client(app, { accessToken: reallyThem, user: { id: reader.userId } });
    await owner.takeIn(applicationId, able, 'owner');
    await expectRefusal(reader.put(memberPath(friend)).send({ role: 'viewer' }), 403, 'insufficient_scope');
    await reader.get(`/applications/${applicationId}/members`).expect(200);
  });

  it('may leave, whoever they are, but for the last owner', async () => {
    await owner.takeIn(applicationId, friend, 'viewer');
    await expectRefusal(friend.delete(memberPath(owner)), 403, 'insufficient_role');
    await friend.delete(memberPath(friend.userId.toUpperCase())).expect(204);
    await expectRefusal(owner.delete(memberPath(owner)), 409, 'last_owner');
    await expectRefusal(put(owner, { role: 'admin' }), 409, 'last_owner');
    expect(await roles()).toEqual({ [owner.userId]: 'owner' });
  });

  it('always have an owner among them, however many owners leave at once', async () => {
    const others = await Promise.all([1, 2, 3].map(() => Client.signedIn(app)));
    for (let round = 0; round < 5; round++) {
      applicationId = await owner.createApplication();
      for (const other of others) await owner.takeIn(applicationId, other, 'owner');
      const leavers = [owner, ...others];
      const responses = await Promise.all(
        leavers.map((leaver, i) =>
          i % 2 === 0 ? leaver.delete(memberPath(leaver)) : put(leaver, { role: 'viewer' }, leaver),
        ),
      );
      const refused = responses.filter(({ status }) => status >= 400);
      expect(refused.map(({ status, body }) => [status, body.code])).toEqual([[409, 'last_owner']]);
      const left = leavers[responses.indexOf(refused[0]!)]!;
      const { body } = await left.get(`/applications/${applicationId}`).expect(200);
      expect(body.ownerId).toBe(left.userId);
    }
  });

  it('are gone with their application', async () => {
    await owner.takeIn(applicationId, friend, 'admin');
    await owner.delete(`/applications/${applicationId}`).expect(204);
    await expectRefusal(friend.get(`/applications/${applicationId}/members`), 404, 'application_not_found');
    expect(
      await app.query('SELECT FROM application_members WHERE application_id = $1', [applicationId]),
    ).toEqual([]);
  });

  describe('of another issuer', () => {
    it('are members by their issuer and subject, whatever is in it', async () => {
      await owner.takeIn(applicationId, guest, 'admin');
      const { body } = await put(ELSEWHERE, { role: 'admin', issuer: issuer.issuer }).expect(200);
      expect(body).toMatchObject({ subject: ELSEWHERE, issuer: issuer.issuer, role: 'admin' });
      await guest.issueKey(applicationId);
      const path = `${memberPath(ELSEWHERE)}?issuer=${encodeURIComponent(issuer.issuer)}`;
      await guest.delete(path).expect(204);
      await expectRefusal(guest.get(`/applications/${applicationId}`), 403, 'not_application_owner');
    });

    it('are nobody’s double: the same subject of another issuer is somebody else', async () => {
      const double = new Client(app, {
        accessToken: issuer.token({ sub: owner.userId }),
        user: { id: owner.userId },
        issuer: issuer.issuer,
      });
      await expectRefusal(double.get(`/applications/${applicationId}`), 403, 'not_application_owner');
      await expectRefusal(double.delete(memberPath(owner)), 403, 'not_application_owner');
      await owner.takeIn(applicationId, double, 'viewer');
      await expectRefusal(double.delete(memberPath(owner)), 403, 'insufficient_role');
      expect((await roles())[owner.userId]).toBeDefined();
      await double.delete(`${memberPath(owner)}?issuer=${encodeURIComponent(issuer.issuer)}`).expect(204);
      await owner.get(`/applications/${applicationId}`).expect(200);
    });

    it('are not taken from an issuer whose tokens are not', async () => {
      for (const wrong of [issuer.issuer.slice(0, -1), 'https://nobody.example/']) {
        const response = await put('somebody', { role: 'viewer', issuer: wrong });
        expect([response.status, response.body.errors?.[0].field]).toEqual([400, 'issuer']);
      }
    });
  });

  describe('on a transfer', () => {
    const transfer = (body: object, by = owner): request.Test =>
      by.post(`/applications/${applicationId}/transfer`).send(body);
    async function handOver(to: Client, by = owner): Promise<request.Response> {
      const issuedBy = to.issuer === undefined ? {} : { issuer: to.issuer };
      const { body } = await transfer({ subject: to.userId, ...issuedBy }, by).expect(202);
      return to.accept(body.id as string).expect(200);
    }

    it('get a new owner who accepts, whom verification names at once; the old one stays an admin', async () => {
      const { key } = await owner.issueKey(applicationId);
      const offer = await transfer({ subject: friend.userId }).expect(202);
      expect(offer.body).toMatchObject({ kind: 'transfer', role: 'owner', subject: friend.userId });
      expect(await verify(app, key)).toMatchObject({ ownerId: owner.userId });
      expect(await roles()).toEqual({ [owner.userId]: 'owner' });
      const { body } = await friend.accept(offer.body.id as string).expect(200);
      expect(body).toMatchObject({ id: applicationId, ownerId: friend.userId });
      expect(await verify(app, key)).toMatchObject({ ownerId: friend.userId });
      expect(await roles()).toEqual({ [owner.userId]: 'admin', [friend.userId]: 'owner' });
      await expectRefusal(transfer({ subject: owner.userId }), 403, 'insufficient_role');
      await handOver(owner, friend);
    });

    it('are answered once it holds on every node, as is every other way in which the named owner changes', async () => {
      await owner.takeIn(applicationId, friend, 'owner');
      await owner.takeIn(applicationId, stranger, 'owner');
      const { body } = await transfer({ subject: owner.userId }, stranger).expect(202);
      for (const change of [
        () => owner.accept(body.id as string).expect(200),
        () => put(owner, { role: 'viewer' }, friend).expect(200),
        () => friend.delete(memberPath(owner)).expect(204),
      ]) {
        await addSilentNode(app, 300);
        expect(await timeOf(change())).toBeGreaterThanOrEqual(300);
      }
    });

    it('may go to people of another issuer, whose issuer verification names too', async () => {
      const { key } = await owner.issueKey(applicationId);
      const { body } = await handOver(guest);
      expect(body).toMatchObject({ ownerId: ELSEWHERE, ownerIssuer: issuer.issuer });
      expect(await verify(app, key)).toMatchObject({ ownerId: ELSEWHERE, ownerIssuer: issuer.issuer });
    });

    it('end with the one owner that the application names, however many accept at once', async () => {
      const others = await Promise.all([1, 2, 3].map(() => Client.signedIn(app)));
      const offers = await Promise.all(others.map(({ userId }) => transfer({ subject: userId }).expect(202)));
      const responses = await Promise.all(
        others.map((other, i) => other.accept(offers[i]!.body.id as string)),
      );
      const done = responses.filter(({ status }) => status === 200);
      expect(done).toHaveLength(1);
      // Who has handed it on has nothing to hand on to the others.
      for (const { status, body } of responses.filter(({ status: code }) => code !== 200)) {
        expect([status, body.code]).toEqual([404, 'offer_not_found']);
      }
      const owners = Object.entries(await roles()).filter(([, role]) => role === 'owner');
      expect(owners).toEqual([[done[0]!.body.ownerId, 'owner']]);
    });

    it.each([
      ['nobody', {}],
      ['an empty subject', { subject: '' }],
      ['a subject that is no id', { subject: 'ann' }],
      ['a subject of 256 characters', { subject: 'x'.repeat(256) }],
      ['a subject that is no text', { subject: 7 }],
      ['a field that is not known', { subject: UNKNOWN_ID, role: 'owner' }],
    ])('are not handed to %s', async (_, body) => {
      await expectRefusal(transfer(body), 400, 'validation_failed');
    });

    it('are not handed to somebody who is not registered', async () => {
      await expectRefusal(transfer({ subject: UNKNOWN_ID }), 404, 'user_not_found');
      expect(await roles()).toEqual({ [owner.userId]: 'owner' });
    });
  });

  describe('are not made of', () => {
    it('somebody who is not registered', async () => {
      await expectRefusal(put(UNKNOWN_ID, { role: 'viewer' }), 404, 'user_not_found');
    });

    it.each([
      ['no role', {}],
      ['another role', { role: 'Owner' }],
      ['a role that is no text', { role: ['owner'] }],
      ['an issuer that is no text', { role: 'viewer', issuer: 7 }],
      ['an empty issuer', { role: 'viewer', issuer: '' }],
      ['a field that is not known', { role: 'viewer', subject: UNKNOWN_ID }],
    ])('%s', async (_, body) => {
      await expectRefusal(put(friend, body), 400, 'validation_failed');
    });

    it.each([
      ['a local subject that is no id', 'ann', undefined],
      ['a subject with a NUL', 'a\0', true],
      ['a subject with a line break', 'a\nb', true],
      ['a subject of 256 characters', 'x'.repeat(256), true],
    ])('%s', async (_, subject, elsewhere) => {
      const body = elsewhere === undefined ? {} : { issuer: issuer.issuer };
      const response = await put(subject, { role: 'viewer', ...body });
      expect([response.status, response.body.errors?.[0].field]).toEqual([400, 'subject']);
    });

    it('a subject that is not UTF-8, or an empty one', async () => {
      const path = `/applications/${applicationId}/members/`;
      await expectRefusal(owner.put(`${path}%FF`).send({ role: 'viewer' }), 400, 'invalid_request');
      await expectRefusal(owner.put(path).send({ role: 'viewer' }), 404, 'not_found');
    });
  });

  it('are not taken out who are none, nor by an issuer given twice or unknown parameters', async () => {
    await expectRefusal(owner.delete(memberPath(friend)), 404, 'member_not_found');
    await expectRefusal(owner.delete(`${memberPath(friend)}?issuer=a&issuer=b`), 400, 'validation_failed');
    await expectRefusal(owner.delete(`${memberPath(friend)}?nonsense=1`), 400, 'validation_failed');
  });
});
