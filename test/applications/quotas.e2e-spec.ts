import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from '../support/builders.js';
import { TestApp } from '../support/test-app.js';

const AT_ONCE = 64;

describe('Quotas', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start({
      env: {
        MAX_APPLICATIONS_PER_OWNER: '5',
        MAX_MEMBERS_PER_APPLICATION: '4',
        // Calls at once wait for each other, on a busy machine for long.
        DATABASE_POOL_WAIT_MS: '60000',
        DATABASE_STATEMENT_TIMEOUT_MS: '60000',
        RESPONSE_TIMEOUT_MS: '120000',
      },
    });
  });
  afterAll(() => app.stop());

  it('of applications are not passed by calls at once, and concern their owner alone', async () => {
    const owner = await Client.signedIn(app);
    const answers = await Promise.all(
      Array.from({ length: AT_ONCE }, (_, i) => owner.post('/applications').send({ name: `a ${i}` })),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(5);
    const refused = answers.filter(({ status }) => status !== 201);
    for (const { status, body } of refused) {
      expect([status, body.code, body.detail]).toEqual([
        403,
        'application_limit_reached',
        'You own 5 applications, as many as you may: delete one, or hand one on, first.',
      ]);
    }
    const { data } = (await owner.get('/applications').expect(200)).body;
    expect(data).toHaveLength(5);
    await (await Client.signedIn(app)).createApplication();

    await owner.delete(`/applications/${data[0].id}`).expect(204);
    await owner.createApplication();
    await owner.post('/applications').send({ name: 'one more' }).expect(403);
  });

  it('of applications are used up by none that others offer, only by those that are accepted', async () => {
    const owner = await Client.signedIn(app);
    const other = await Client.signedIn(app);
    for (let i = 0; i < 5; i++) {
      const path = `/applications/${await other.createApplication()}/members/${owner.userId}`;
      await other.put(path).send({ role: 'owner' }).expect(202);
    }
    await owner.createApplication();
  });

  it('of applications are not passed by who becomes an owner, whom the others then leave it to', async () => {
    const [owner, other] = [await Client.signedIn(app), await Client.signedIn(app)];
    const offerOne = async (role: string): Promise<{ id: string; path: string }> => {
      const application = await other.createApplication();
      const path = `/applications/${application}/members`;
      const { body } = await other.put(`${path}/${owner.userId}`).send({ role }).expect(202);
      return { id: body.id as string, path };
    };
    for (let i = 0; i < 5; i++) {
      const { id, path } = await offerOne('owner');
      await owner.accept(id).expect(200);
      if (i % 2 === 0) await other.delete(`${path}/${other.userId}`).expect(204);
    }
    const { id, path } = await offerOne('owner');
    for (const call of [owner.accept(id), owner.post('/applications').send({ name: 'one more' })]) {
      const { status, body } = await call;
      expect([status, body.code]).toEqual([403, 'application_limit_reached']);
    }
    await owner.accept((await offerOne('admin')).id).expect(200);
    // Whoever is no owner of one any more has room for another.
    const { data } = (await owner.get('/applications').expect(200)).body;
    const given = data.find(({ ownerId }: { ownerId: string }) => ownerId === owner.userId) as { id: string };
    await owner.delete(`/applications/${given.id}`).expect(204);
    await owner.accept(id).expect(200);
    await other.delete(`${path}/${other.userId}`).expect(204);
  });

  it('of applications are not passed by transfers that are accepted at once', async () => {
    const owner = await Client.signedIn(app);
    const offers: string[] = [];
    for (let i = 0; i < 4; i++) {
      const other = await Client.signedIn(app);
      for (let j = 0; j < 4; j++) {
        const path = `/applications/${await other.createApplication()}/transfer`;
        const { body } = await other.post(path).send({ subject: owner.userId }).expect(202);
        offers.push(body.id as string);
      }
    }
    const answers = await Promise.all([
      ...offers.map((id) => owner.accept(id)),
      ...Array.from({ length: AT_ONCE - offers.length }, () =>
        owner.post('/applications').send({ name: 'a' }),
      ),
    ]);
    expect(answers.filter(({ status }) => status < 300)).toHaveLength(5);
    for (const { status, body } of answers.filter((answer) => answer.status >= 300)) {
      expect([status, body.code]).toEqual([403, 'application_limit_reached']);
    }
    // Nothing is lost by it: who has room again can accept.
    const { data } = (await owner.get('/applications').expect(200)).body;
    await owner.delete(`/applications/${data[0].id}`).expect(204);
    const left = (await owner.get('/applications/offers').expect(200)).body.data;
    await owner.accept(left[0].id as string).expect(200);
  });

  it('of members are not passed by offers at once, nor by those who accept', async () => {
    const owner = await Client.signedIn(app);
    const application = await owner.createApplication();
    const people = await Promise.all(Array.from({ length: AT_ONCE }, () => Client.signedIn(app)));
    const answers = await Promise.all(
      people.map(({ userId }) =>
        owner.put(`/applications/${application}/members/${userId}`).send({ role: 'viewer' }),
      ),
    );
    const made = answers.filter(({ status }) => status === 202);
    expect(made).toHaveLength(3);
    const [refused] = answers.filter(({ status }) => status !== 202);
    expect([refused!.status, refused!.body.code]).toEqual([403, 'member_limit_reached']);
    const receivers = people.filter((_, i) => answers[i]!.status === 202);
    await Promise.all(receivers.map((person, i) => person.accept(made[i]!.body.id as string).expect(200)));
    const { body } = await owner.get(`/applications/${application}/members`).expect(200);
    expect(body.data).toHaveLength(4);
  });
});

describe('The applications that one person creates on one day', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start({ env: { MAX_APPLICATIONS_CREATED_PER_DAY: '10' } });
  });
  afterAll(() => app.stop());

  it('are no more than they may be, also where each is deleted for the next, which would have new quotas', async () => {
    const owner = await Client.signedIn(app);
    const answers = await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        const answer = await owner.post('/applications').send({ name: 'a' });
        if (answer.status === 201) await owner.delete(`/applications/${answer.body.id}`).expect(204);
        return answer;
      }),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(10);
    const refused = await owner.post('/applications').send({ name: 'one more' });
    expect([refused.status, refused.body.code]).toEqual([429, 'daily_application_limit_reached']);
    const wait = Number(refused.headers['retry-after']);
    expect(wait).toBeGreaterThan(0);
    expect(wait).toBeLessThanOrEqual(86_400);
    expect(refused.headers['ratelimit-policy']).toBe('"applications";q=10;w=86400');
    expect(refused.headers.ratelimit).toBe(`"applications";r=0;t=${wait}`);
    // It concerns nobody else, and ends with the day.
    await (await Client.signedIn(app)).createApplication();
    await app.query(`UPDATE applications SET created_at = created_at - interval '1 day'`);
    await owner.createApplication();
  });

  it('count for who has created them, and not for whom they have been handed on to', async () => {
    const [maker, receiver] = [await Client.signedIn(app), await Client.signedIn(app)];
    for (let i = 0; i < 10; i++) {
      const id = await maker.createApplication();
      const offered = await maker.post(`/applications/${id}/transfer`).send({ subject: receiver.userId });
      expect(offered.status).toBe(202);
      await receiver.post(`/applications/offers/${offered.body.id}/accept`).expect(({ status }) => {
        expect(status).toBeLessThan(300);
      });
    }
    await maker.post('/applications').send({ name: 'one more' }).expect(429);
    await receiver.createApplication();
  });
});

describe('Calls of one person in a minute', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start({ env: { MANAGEMENT_CALLS_PER_MINUTE: '10' } });
  });
  afterAll(() => app.stop());

  it('are not passed by calls at once, and concern nobody else', async () => {
    const person = await Client.signedIn(app);
    const answers = await Promise.all(Array.from({ length: AT_ONCE }, () => person.get('/applications')));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(10);
    const [refused] = answers.filter(({ status }) => status !== 200);
    expect([refused!.status, refused!.body.code]).toEqual([429, 'too_many_requests']);
    expect(Number(refused!.headers['retry-after'])).toBeGreaterThan(0);
    expect(refused!.headers['ratelimit-policy']).toBe('"principal";q=10;w=60');
    await (await Client.signedIn(app)).get('/applications').expect(200);
  });
});
