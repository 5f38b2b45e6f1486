import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from '../support/builders.js';
import { TestApp } from '../support/test-app.js';

const MINE = 'what I have asked for';

describe('the answer to a change', () => {
  let app: TestApp;
  let owner: Client;
  beforeAll(async () => {
    app = await TestApp.start();
    owner = await Client.signedIn(app);
    // The next change, which is there as soon as the first one is committed, and no sooner.
    await app.query(`
      CREATE FUNCTION change_again() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
      BEGIN
        EXECUTE format('UPDATE %I SET name = $1, version = version + 1 WHERE id = $2', TG_TABLE_NAME)
          USING 'what came next', NEW.id;
        RETURN NULL;
      END
      $$`);
    for (const table of ['api_keys', 'applications']) {
      await app.query(`
        CREATE CONSTRAINT TRIGGER change_again AFTER UPDATE ON ${table} DEFERRABLE INITIALLY DEFERRED
           FOR EACH ROW WHEN (NEW.name = '${MINE}') EXECUTE FUNCTION change_again()`);
    }
  });
  afterAll(() => app.stop());

  it('of a key says what it has written, credits and all, and not what was there when it was answered', async () => {
    const { id } = await owner.issueKey(await owner.createApplication());
    const changes = { name: MINE, credits: { remaining: 7 }, metadata: { b: 1, a: 2 } };
    const { body } = await owner.patch(`/apikey/${id}`).send(changes).expect(200);
    expect(body).toMatchObject({ ...changes, id });
    const { body: next } = await owner.get(`/apikey/${id}`).expect(200);
    expect(next).toMatchObject({ ...body, name: 'what came next' });
  });

  it('of an application does so, too', async () => {
    const path = `/applications/${await owner.createApplication()}`;
    const { body } = await owner.patch(path).send({ name: MINE }).expect(200);
    expect(body).toMatchObject({ name: MINE });
    const { body: next } = await owner.get(path).expect(200);
    expect(next).toMatchObject({ ...body, name: 'what came next' });
  });
});
