import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { uuidv7 } from 'uuidv7';
import { KeyHasher } from '../../src/modules/api-keys/index.js';
import { ApiKeySecret } from '../../src/modules/api-keys/domain/api-key-secret.js';
import { ApiKey } from '../../src/modules/api-keys/domain/api-key.js';
import { ApiKeyRepository } from '../../src/modules/api-keys/domain/api-key.repository.js';
import { KeyFormat } from '../../src/modules/api-keys/domain/key-format.js';
import type { Subject } from '../../src/shared/subject.js';
import { actor } from '../support/actors.js';
import { Client } from '../support/builders.js';
import { EventLog } from '../support/event-log.js';
import { TestApp } from '../support/test-app.js';

const ROOM = 100;

/**
 * The statement is asked itself: on the way of a request a guard comes before it, which has refused these already, unless
 * their role was taken from them in between.
 */
describe('the statement that inserts the keys of several callers', () => {
  let app: TestApp;
  let log: EventLog;
  let owner: Client;
  let keys: ApiKeyRepository;
  beforeAll(async () => {
    app = await TestApp.start();
    log = await EventLog.of(app);
    owner = await Client.signedIn(app);
    keys = app.nest.get(ApiKeyRepository, { strict: false });
  });
  afterAll(() => app.stop());

  /** An application whose keys are counted: the first key of one is issued in a transaction of its own. */
  async function createApplication(): Promise<string> {
    const id = await owner.createApplication();
    await owner.issueKey(id);
    return id;
  }

  async function join(applicationId: string, role: 'owner' | 'admin' | 'viewer'): Promise<string> {
    const member = await Client.signedIn(app);
    await owner.takeIn(applicationId, member, role);
    return member.userId;
  }

  function keyOf(applicationId: string, by: Subject): ApiKey {
    const id = uuidv7();
    const now = new Date();
    const hasher = app.nest.get(KeyHasher, { strict: false });
    const plaintext = new KeyFormat().generate('live', hasher.tags);
    const hash = hasher.hash(plaintext);
    return ApiKey.issue({
      id,
      application: { id: applicationId, scopes: null },
      settings: { environment: 'live' },
      secret: ApiKeySecret.create(uuidv7(), id, hash, plaintext.hint, now),
      by,
      now,
    });
  }

  function insert(key: ApiKey, maxActive = ROOM): Promise<boolean> {
    const limits = { maxActiveKeysPerApplication: maxActive, maxKeysIssuedPerDay: ROOM };
    return keys.insertBatched(key, limits, actor(key.createdBySubject, key.createdByIssuer));
  }

  async function isStored({ id }: ApiKey): Promise<boolean> {
    return (await app.query('SELECT FROM api_keys WHERE id = $1', [id])).length === 1;
  }

  it.each([
    { role: 'owner', isPermitted: true },
    { role: 'admin', isPermitted: true },
    { role: 'viewer', isPermitted: false },
  ] as const)(
    'inserts the key of a member with the role $role: $isPermitted',
    async ({ role, isPermitted }) => {
      const applicationId = await createApplication();
      const key = keyOf(applicationId, actor(await join(applicationId, role)));
      const events = await log.during(async () => {
        expect(await insert(key)).toBe(isPermitted);
      });
      expect(await isStored(key)).toBe(isPermitted);
      expect(events.map(({ target }) => target.id)).toEqual(isPermitted ? [key.id] : []);
    },
  );

  it('inserts no key of somebody who is no member, is one of another application only, or comes from another issuer', async () => {
    const applicationId = await createApplication();
    const { userId: stranger } = await Client.signedIn(app);
    const elsewhere = await join(await createApplication(), 'owner');
    const refused = [actor(stranger), actor(elsewhere), actor(owner.userId, 'https://another.example')].map(
      (by) => keyOf(applicationId, by),
    );
    const events = await log.during(async () => {
      for (const key of refused) expect(await insert(key)).toBe(false);
    });
    for (const key of refused) expect(await isStored(key)).toBe(false);
    expect(events).toEqual([]);
  });

  it('writes the events of the keys that it inserts, and of none that shares it and is refused', async () => {
    const [first, second, third, full] = await Promise.all(Array.from({ length: 4 }, createApplication));
    await owner.issueKey(full!);
    const viewer = actor(await join(second!, 'viewer'));
    const by = actor(owner.userId);
    const leaving = keyOf(first!, by);
    const good = [keyOf(second!, by), keyOf(third!, by)];
    const refused = [keyOf(second!, viewer), keyOf(full!, by)];
    const events = await log.during(async () => {
      // The first leaves alone, and all that come while it is under way share the next statement.
      const inserted = await Promise.all([leaving, ...good, ...refused].map((key) => insert(key, 2)));
      expect(inserted).toEqual([true, true, true, false, false]);
    });
    const statements = await app.query('SELECT DISTINCT xmin::text FROM api_keys WHERE id = ANY ($1)', [
      good.map(({ id }) => id),
    ]);
    expect(statements).toHaveLength(1);
    for (const key of refused) expect(await isStored(key)).toBe(false);
    expect(events.map(({ target }) => target.id).sort()).toEqual(
      [leaving, ...good].map(({ id }) => id).sort(),
    );
  });

  it('leaves a key out that was judged by another policy than the application has by now', async () => {
    const applicationId = await createApplication();
    const policy = `/applications/${applicationId}/policy`;
    await owner.patch(policy).send({ rotateEvery: 30 }).expect(200);
    const { body: seen } = await owner.get(policy).expect(200);
    const judged = (by: object | null) => {
      const key = keyOf(applicationId, actor(owner.userId));
      const limits = { maxActiveKeysPerApplication: ROOM, maxKeysIssuedPerDay: ROOM };
      return keys.insertBatched(key, limits, actor(owner.userId), by);
    };
    expect(await judged(null)).toBe(false);
    expect(await judged(seen)).toBe(true);
    await owner.patch(policy).send({ requireExpiry: true }).expect(200);
    expect(await judged(seen)).toBe(false);
  });
});
