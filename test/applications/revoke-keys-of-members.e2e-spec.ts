import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type request from 'supertest';
import { Client, verify } from '../support/builders.js';
import { EventLog } from '../support/event-log.js';
import { ExternalIssuer } from '../support/external-issuer.js';
import { addSilentNode, timeOf } from '../support/silent-node.js';
import { TestApp } from '../support/test-app.js';

const REVOKED = { valid: false, code: 'REVOKED' };

describe('who is taken out of an application, with revokeKeys', () => {
  let issuer: ExternalIssuer;
  let app: TestApp;
  let other: TestApp;
  let owner: Client;
  let member: Client;
  let applicationId: string;

  beforeAll(async () => {
    issuer = await ExternalIssuer.start();
    const env = { JWT_ISSUERS: JSON.stringify([issuer.settings()]) };
    app = await TestApp.start({ env });
    other = await TestApp.start({ env, database: app.database });
    owner = await Client.signedIn(app);
  });
  afterAll(async () => {
    await other.stop();
    await app.stop();
    await issuer.stop();
  });
  beforeEach(async () => {
    applicationId = await owner.createApplication();
    member = await Client.signedIn(app);
    await owner.takeIn(applicationId, member, 'admin');
  });

  const remove = (query = '?revokeKeys=true', by = owner, who = member): request.Test =>
    by.delete(`/applications/${applicationId}/members/${who.userId}${query}`);

  /** More keys like those that there are. */
  const makeMore = async (times: number): Promise<void> => {
    await app.query(
      `WITH made AS (SELECT created_by_issuer, created_by_subject, name, environment, scopes, metadata, created_at, tags,
                            ip_allowlist, rate_limits
                       FROM api_keys WHERE application_id = $1)
       INSERT INTO api_keys (id, application_id, name, environment, scopes, metadata, enabled, created_at,
                             created_by_issuer, created_by_subject, version, tags, ip_allowlist, rate_limits, metered)
       SELECT gen_random_uuid(), $1, name, environment, scopes, metadata, true, created_at, created_by_issuer,
              created_by_subject, 1, tags, ip_allowlist, rate_limits, false
         FROM made, generate_series(1, $2)`,
      [applicationId, times],
    );
  };

  it('leaves none of the keys that they made good, on any node, and all that others made', async () => {
    const made = [await member.issueKey(applicationId), await member.issueKey(applicationId)];
    const kept = await owner.issueKey(applicationId);
    const elsewhere = await member.issueKey(await member.createApplication());
    for (const node of [app, other]) {
      for (const { key } of [...made, kept, elsewhere]) {
        expect(await verify(node, key)).toMatchObject({ valid: true });
      }
    }
    await remove().expect(200, { revokedKeys: 2 });
    for (const node of [other, app]) {
      for (const { key } of made) expect(await verify(node, key)).toEqual(REVOKED);
      for (const { key } of [kept, elsewhere]) expect(await verify(node, key)).toMatchObject({ valid: true });
    }
    const { body } = await owner.get(`/apikey/${made[0]!.id}`).expect(200);
    expect(body).toMatchObject({ status: 'revoked', createdBy: member.userId, revokedBy: owner.userId });
    await member.get(`/applications/${applicationId}`).expect(403);
  });

  it('is answered once it holds on every node', async () => {
    await member.issueKey(applicationId);
    await remove('').expect(204);
    await addSilentNode(app, 300);
    expect(await timeOf(remove().expect(200, { revokedKeys: 1 }))).toBeGreaterThanOrEqual(300);
  });

  it('leaves their service keys to nobody, either', async () => {
    const scopes = ['keys:verify', 'apikeys:write'];
    const { key } = await member.issueServiceKey(applicationId, { name: 'a machine', scopes });
    const machine = new Client(other, { accessToken: key, user: { id: '' } });
    const issued = await machine.issueKey(applicationId);
    await remove().expect(200, { revokedKeys: 1 });
    const refused = await machine.post(`/apikey?ApplicationId=${applicationId}`);
    expect([refused.status, refused.body.code]).toEqual([401, 'invalid_service_key']);
    // What a machine has issued is the application's.
    expect(await verify(app, issued.key)).toMatchObject({ valid: true });
  });

  it('keeps their keys good without it, which may be asked for later', async () => {
    const { key } = await member.issueKey(applicationId);
    await remove('').expect(204, '');
    expect(await verify(app, key)).toMatchObject({ valid: true });
    await remove('?revokeKeys=false').expect(404);
    await remove().expect(200, { revokedKeys: 1 });
    expect(await verify(app, key)).toEqual(REVOKED);
    const again = await remove();
    expect([again.status, again.body.code]).toEqual([404, 'member_not_found']);
  });

  it('revokes those of the person of that issuer alone', async () => {
    const double = new Client(app, {
      accessToken: issuer.token({ sub: member.userId }),
      user: { id: member.userId },
      issuer: issuer.issuer,
    });
    await owner.takeIn(applicationId, double, 'admin');
    const [theirs, doubles] = [await member.issueKey(applicationId), await double.issueKey(applicationId)];
    await remove(`?revokeKeys=true&issuer=${encodeURIComponent(issuer.issuer)}`).expect(200, {
      revokedKeys: 1,
    });
    expect(await verify(app, theirs.key)).toMatchObject({ valid: true });
    expect(await verify(app, doubles.key)).toEqual(REVOKED);
  });

  it('counts more keys than one transaction revokes, and tells of each of them', async () => {
    await member.issueKey(applicationId);
    await makeMore(1100);
    const log = await EventLog.of(app);
    const events = await log.during(() => remove().expect(200, { revokedKeys: 1101 }));
    expect(events.map(({ name }) => name)).toEqual([
      'MemberRemoved',
      ...Array.from({ length: 1101 }, () => 'ApiKeyRevoked'),
    ]);
    expect(new Set(events.map(({ actor }) => actor.subject))).toEqual(new Set([owner.userId]));
  });

  it('lets none survive that they issue until the end', async () => {
    let isOver = false;
    const issued: string[] = [];
    await member.issueKey(applicationId);
    const storm = Array.from({ length: 8 }, async () => {
      while (!isOver) {
        const { status, body } = await member.post(`/apikey?ApplicationId=${applicationId}`);
        if (status === 200) issued.push(body as string);
        else isOver = true;
      }
    });
    while (issued.length < 50) await new Promise((resolve) => setImmediate(resolve));
    const { body } = await remove().expect(200);
    await Promise.all(storm);
    expect(body.revokedKeys).toBe(issued.length + 1);
    for (const key of issued) expect(await verify(other, key)).toEqual(REVOKED);
  });

  it('is for who manages members; who leaves must manage keys', async () => {
    const { key } = await member.issueKey(applicationId);
    const admin = await Client.signedIn(app);
    await owner.takeIn(applicationId, admin, 'admin');
    const refused = await remove('?revokeKeys=true', admin);
    expect([refused.status, refused.body.code]).toEqual([403, 'insufficient_role']);
    await owner
      .put(`/applications/${applicationId}/members/${member.userId}`)
      .send({ role: 'viewer' })
      .expect(200);
    const viewer = await remove('?revokeKeys=true', member);
    expect([viewer.status, viewer.body.code]).toEqual([403, 'insufficient_role']);
    expect(await verify(app, key)).toMatchObject({ valid: true });
    await admin.issueKey(applicationId);
    await remove('?revokeKeys=true', admin, admin).expect(200, { revokedKeys: 1 });
    await remove('', member).expect(204);
  });

  it('takes nobody out who leaves and whose keys cannot be revoked, so that they can repeat it', async () => {
    const { key } = await member.issueKey(applicationId);
    await app.query(
      `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN RAISE 'not now' USING ERRCODE = '57014'; END $$`,
    );
    await app.query(
      `CREATE TRIGGER refuse BEFORE UPDATE ON api_keys FOR EACH ROW
         WHEN (OLD.application_id = '${applicationId}') EXECUTE FUNCTION refuse()`,
    );
    const leave = (): request.Test => remove('?revokeKeys=true', member, member);
    try {
      expect((await leave()).status).toBe(503);
    } finally {
      await app.query('DROP FUNCTION refuse CASCADE');
    }
    await leave().expect(200, { revokedKeys: 1 });
    for (const node of [app, other]) expect(await verify(node, key)).toEqual(REVOKED);
    await addSilentNode(app, 2000);
    const repeated = leave().then((answer) => answer);
    // The lease counts from when it is seen first, which may be a little before the call.
    expect(await timeOf(repeated)).toBeGreaterThan(500);
    expect([(await repeated).status, (await repeated).body.code]).toEqual([403, 'not_application_owner']);
  });

  it('takes out who leaves with more keys than one transaction revokes', async () => {
    await member.issueKey(applicationId);
    await makeMore(1100);
    await remove('?revokeKeys=true', member, member).expect(200, { revokedKeys: 1101 });
    await member.get(`/applications/${applicationId}`).expect(403);
  });

  it.each(['?revokeKeys=yes', '?revokeKeys=', '?revokeKeys=true&revokeKeys=true', '?revokeKeys=1'])(
    'is nothing else: %s',
    async (query) => {
      const { status, body } = await remove(query);
      expect([status, body.code]).toEqual([400, 'validation_failed']);
      await member.get(`/applications/${applicationId}`).expect(200);
    },
  );

  it('revokes nothing of who could not leave', async () => {
    const { key } = await owner.issueKey(applicationId);
    const refused = await remove('?revokeKeys=true', owner, owner);
    expect([refused.status, refused.body.code]).toEqual([409, 'last_owner']);
    expect(await verify(app, key)).toMatchObject({ valid: true });
  });
});
