import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { AuditRepository, AuditService } from '../../src/modules/audit/index.js';
import { Client } from '../support/builders.js';
import { createTestDatabase, directUrlOf, type TestDatabase } from '../support/database.js';
import { TestApp } from '../support/test-app.js';

/** An old primary goes on answering what it knew, and knows of no change since. */
describe('On a node whose pool leads to an old server', () => {
  let app: TestApp;
  let old: TestDatabase;
  /** Holds its lease where the service is, as each node does. */
  let misled: TestApp;
  let owner: Client;
  let admin: Client;
  let applicationId: string;

  beforeAll(async () => {
    app = await TestApp.start();
    old = await createTestDatabase();
    misled = await TestApp.start({ database: { ...old, directUrl: directUrlOf(app.database) } });
    owner = await Client.signedIn(app);
    admin = await Client.signedIn(app);
  });
  afterAll(async () => {
    await misled.stop();
    await app.stop();
    await old.drop();
  });

  beforeEach(async () => {
    applicationId = await owner.createApplication();
    await owner.takeIn(applicationId, admin, 'admin');
    // So much that server still got.
    for (const table of [
      'users',
      'refresh_token_families',
      'applications',
      'application_members',
      'key_changes',
      'audit_events',
    ]) {
      const [{ rows }] = (await app.query(`SELECT json_agg(t)::text AS rows FROM ${table} t`)) as [
        { rows: string },
      ];
      await misled.query(
        `INSERT INTO ${table} SELECT * FROM json_populate_recordset(NULL::${table}, $1) ON CONFLICT DO NOTHING`,
        [rows],
      );
    }
  });

  it('everybody sees what that server shows, as long as nothing has changed', async () => {
    await atMisled(admin).get(`/applications/${applicationId}`).expect(200);
    const { body } = await atMisled(admin).get('/applications').expect(200);
    expect((body.data as { id: string }[]).map(({ id }) => id)).toContain(applicationId);
  });

  it.each(['the removal', 'another role'])(
    'nobody sees anything by what they were before %s',
    async (what) => {
      if (what === 'the removal') await owner.delete(memberPath()).expect(204);
      else await owner.put(memberPath()).send({ role: 'viewer' }).expect(200);
      for (const path of [
        `/applications/${applicationId}`,
        '/applications',
        `/apikey?ApplicationId=${applicationId}`,
      ]) {
        const { status, body } = await atMisled(admin).get(path);
        expect({ path, status, code: (body as { code: string }).code }).toEqual({
          path,
          status: 503,
          code: 'service_unavailable',
        });
      }
    },
  );

  it('no key is called unknown once something has changed', async () => {
    const { id } = await owner.issueKey(applicationId);
    await atMisled(owner).get(`/apikey/${id}`).expect(404);
    await owner.patch(`/apikey/${id}`).send({ name: 'another name' }).expect(200);
    await atMisled(owner).get(`/apikey/${id}`).expect(503);
    await atMisled(owner).delete(`/apikey/${id}`).expect(503);
  });

  it('the audit trail is not read once something has changed', async () => {
    const audit = misled.nest.get(AuditService, { strict: false });
    // Not by way of the routes, which decide who may see the application by a read of that server, too.
    const reads = [
      (): Promise<unknown> => audit.list(applicationId, {}),
      (): Promise<unknown> => audit.export(applicationId, 'chain'),
    ];
    for (const read of reads) await read();
    await owner.delete(memberPath()).expect(204);
    for (const read of reads) await expect(read()).rejects.toMatchObject({ code: 'service_unavailable' });
  });

  it.each(['chain', 'ocsf'] as const)(
    'an export as %s fails when that server comes to answer for one that had more events',
    async (format) => {
      await owner.issueKey(applicationId);
      const head = await app.nest.get(AuditRepository, { strict: false }).head(applicationId);
      const read = async (): Promise<void> => {
        const lines = misled.nest.get(AuditService, { strict: false }).linesUpTo(head, format);
        for await (const line of lines) expect(line).not.toContain('"end"');
      };
      await expect(read()).rejects.toMatchObject({ code: 'service_unavailable' });
    },
  );

  const memberPath = (): string => `/applications/${applicationId}/members/${admin.userId}`;
  const atMisled = (client: Client): Client => new Client(misled, client.caller);
});
