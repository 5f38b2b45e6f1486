import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Client as Postgres } from 'pg';
import { Client, verify } from '../support/builders.js';
import { eventually } from '../support/eventually.js';
import { ServiceProcess } from '../support/service-process.js';
import { TEST_PEPPERS, TestApp } from '../support/test-app.js';

describe('a service that is killed while it issues or rotates a key', () => {
  /** The node that is left. */
  let app: TestApp;
  let owner: Client;
  let applicationId: string;
  let key: string;

  beforeAll(async () => {
    app = await TestApp.start();
    owner = await Client.signedIn(app);
  });
  afterAll(() => app.stop());
  beforeEach(async () => {
    applicationId = await owner.createApplication();
    key = randomUUID();
  });

  /** Another node on the same database, as a process of its own. */
  function startNode(preload: string[] = []): Promise<ServiceProcess> {
    const { JWT_SIGNING_KEY, JWT_ISSUER } = app.env;
    return ServiceProcess.start(
      {
        LOG_LEVEL: 'silent',
        DATABASE_URL: app.database.url,
        API_KEY_PEPPERS: TEST_PEPPERS,
        JWT_SIGNING_KEY: JWT_SIGNING_KEY!.export({ type: 'pkcs8', format: 'pem' }).toString(),
        JWT_ISSUER,
      },
      tmpdir(),
      preload,
    );
  }
  const postTo = (node: ServiceProcess, path: string): Promise<Response> =>
    fetch(`${node.url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${owner.caller.accessToken}`, 'idempotency-key': key },
    });
  const issueOn = (node: ServiceProcess): Promise<Response> =>
    postTo(node, `/apikey?ApplicationId=${applicationId}`);
  /** What a node was about to answer when it died. */
  const unsaidBy = (node: ServiceProcess): Promise<string> =>
    eventually(() => {
      const [, unsaid] = /^unsaid: (.+)$/m.exec(node.output) ?? [];
      if (unsaid === undefined) throw new Error(`it has said: ${node.output}`);
      return unsaid;
    });
  async function keyIds(): Promise<string[]> {
    const { body } = await owner.get(`/apikey?ApplicationId=${applicationId}`).expect(200);
    return body.data.map(({ id }: { id: string }) => id);
  }

  it('after the commit and before the answer has issued it: the same call again is answered it, byte for byte', async () => {
    const node = await startNode(['die-before-answering.mjs']);
    await expect(issueOn(node)).rejects.toThrow('fetch failed');
    const issued = await keyIds();
    expect(issued).toHaveLength(1);

    const repeated = await owner
      .post(`/apikey?ApplicationId=${applicationId}`)
      .set('Idempotency-Key', key)
      .expect(200);
    expect(repeated.text).toBe(await unsaidBy(node));
    expect(repeated.headers.location).toBe(`/apikey/${issued[0]}`);
    expect(await verify(app, repeated.body as string)).toMatchObject({ valid: true, keyId: issued[0] });
    expect(await keyIds()).toEqual(issued);
  }, 60_000);

  it('after the commit and before the answer has rotated it: the same call again is answered the same secret', async () => {
    const issued = await owner.issueKey(applicationId);
    const node = await startNode(['die-before-answering.mjs']);
    await expect(postTo(node, `/apikey/${issued.id}/rotate`)).rejects.toThrow('fetch failed');

    const repeated = await owner.post(`/apikey/${issued.id}/rotate`).set('Idempotency-Key', key).expect(200);
    expect(repeated.text).toBe(await unsaidBy(node));
    expect(await verify(app, repeated.body as string)).toMatchObject({ valid: true, keyId: issued.id });
    expect(await verify(app, issued.key)).toEqual({ valid: false, code: 'REVOKED' });
    expect((await owner.get(`/apikey/${issued.id}`)).body.secrets).toHaveLength(1);
  }, 60_000);

  it('before the commit has done nothing: the same call again issues one', async () => {
    const node = await startNode();
    const inTheWay = new Postgres({ connectionString: app.database.url });
    await inTheWay.connect();
    await inTheWay.query('BEGIN');
    await inTheWay.query('SELECT FROM applications WHERE id = $1 FOR UPDATE', [applicationId]);
    const call = issueOn(node).then(
      () => 'answered',
      () => 'cut off',
    );
    await eventually(async () => {
      const { rowCount } = await inTheWay.query(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      expect(rowCount).toBe(1);
    });
    await node.kill();
    expect(await call).toBe('cut off');
    await inTheWay.end();

    // PostgreSQL takes the dead node's transaction back once it notices.
    const repeated = await eventually(() =>
      owner.post(`/apikey?ApplicationId=${applicationId}`).set('Idempotency-Key', key).expect(200),
    );
    expect(await keyIds()).toHaveLength(1);
    expect(await verify(app, repeated.body as string)).toMatchObject({ valid: true });
  }, 60_000);
});
