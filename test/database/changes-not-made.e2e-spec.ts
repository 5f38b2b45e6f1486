import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Response } from 'supertest';
import { Client } from '../support/builders.js';
import { TestApp } from '../support/test-app.js';

interface Subject {
  id: string;
  applicationId: string;
  memberId: string;
}

/** Whatever takes a number, through every part of the service that makes such changes. */
const CHANGES: [string, (owner: Client, subject: Subject) => PromiseLike<Response>][] = [
  ['a revocation', (owner, { id }) => owner.delete(`/apikey/${id}`)],
  ['a change of a key', (owner, { id }) => owner.patch(`/apikey/${id}`).send({ enabled: false })],
  ['a rotation', (owner, { id }) => owner.post(`/apikey/${id}/rotate`).send({})],
  ['a revocation of many keys', (owner, { id }) => owner.post('/apikey/bulk-revoke').send({ ids: [id] })],
  [
    'an import',
    (owner, { applicationId }) =>
      owner
        .post(`/apikey/import?ApplicationId=${applicationId}`)
        .send({ keys: [{ sha256: 'a'.repeat(64) }] }),
  ],
  [
    'a change of what the keys of an application share',
    (owner, { applicationId }) =>
      owner.patch(`/applications/${applicationId}/limits`).send({ credits: { remaining: 0 } }),
  ],
  [
    'the removal of a member',
    (owner, { applicationId, memberId }) =>
      owner.delete(`/applications/${applicationId}/members/${memberId}`),
  ],
  [
    'the deletion of an application',
    (owner, { applicationId }) => owner.delete(`/applications/${applicationId}`),
  ],
];

describe.each([
  [
    'that is told no number',
    `CREATE OR REPLACE FUNCTION freshness_changed() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'`,
  ],
  [
    'whose proof is not there when its COMMIT has been answered',
    `CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
     CREATE TRIGGER lose BEFORE INSERT ON key_changes FOR EACH ROW WHEN (NEW.kind = 'proof') EXECUTE FUNCTION lose()`,
  ],
])('a change %s', (_, plant) => {
  let app: TestApp;
  let owner: Client;
  let other: Client;
  const subjects: Subject[] = [];

  beforeAll(async () => {
    app = await TestApp.start();
    owner = await Client.signedIn(app);
    other = await Client.signedIn(app);
    while (subjects.length < CHANGES.length) subjects.push(await subject());
    await app.query(plant);
  });
  afterAll(() => app.stop());

  async function subject(): Promise<Subject> {
    const applicationId = await owner.createApplication();
    const { id } = await owner.issueKey(applicationId);
    await owner.takeIn(applicationId, other, 'viewer');
    return { id, applicationId, memberId: other.userId };
  }

  it.each(CHANGES)('is not acknowledged: %s', async (_, change) => {
    const { status, headers } = await change(owner, subjects.pop()!);
    expect([status, headers['retry-after']]).toEqual([503, '1']);
  });
});

describe('a new key that is not there when its COMMIT has been answered', () => {
  let app: TestApp;
  let owner: Client;
  let applicationId: string;

  beforeAll(async () => {
    app = await TestApp.start();
    owner = await Client.signedIn(app);
    applicationId = await owner.createApplication();
    // So that its quota has been counted, and the next key is inserted with others.
    await owner.issueKey(applicationId);
    await app.query(`CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'`);
    await app.query(
      'CREATE TRIGGER lose BEFORE INSERT ON api_key_secrets FOR EACH ROW EXECUTE FUNCTION lose()',
    );
  });
  afterAll(() => app.stop());

  it.each([
    ['that shares a statement with others', {}],
    ['that has a transaction of its own', { credits: { remaining: 1 } }],
  ])('is not handed out, neither one %s', async (_, body) => {
    const { status, headers } = await owner.post(`/apikey?ApplicationId=${applicationId}`).send(body);
    expect([status, headers['retry-after']]).toEqual([503, '1']);
  });
});
