import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { idIn, issue, unseen, untilDone, writing } from '../changes.js';
import { describe } from '../clients.js';
import { KeyHistory } from '../history/key-history.js';
import type { Scene, Workload } from './workload.js';

async function issueAndLook(scene: Scene): Promise<void> {
  const { clients, random, application } = scene;
  const key = await issue(clients, random, application);
  const other = random.pick(clients.keys).applicationId;
  await Promise.all([
    clients.verifyEverywhere(key),
    clients.verify(random.pick(clients.nodes), key, { applicationId: other }),
  ]);
  await clients.pause(random.between(0, 100));
}

async function importAndLook({ clients, random, application }: Scene): Promise<void> {
  const secret = `sk_${randomBytes(24).toString('base64url')}`;
  const key = new KeyHistory('', application, secret, [], false);
  // Every node remembers that there is no such key.
  if (random.chance(0.7)) await clients.verifyEverywhere(key);
  const call = await untilDone(clients, () => random.pick(clients.nodes), {
    method: 'POST',
    path: `/apikey/import?ApplicationId=${application}`,
    body: { keys: [{ sha256: createHash('sha256').update(secret).digest('hex'), prefix: 'sk_' }] },
    done: [200],
    keys: [key],
    begin: writing([key.exists], true),
  });
  const [result] = (call!.body as { results: { id?: string }[] }).results;
  // An attempt that was not answered may have imported it: then it is said to exist, and not under which id.
  key.id = result?.id ?? '';
  clients.keys.push(key);
  await clients.verifyEverywhere(key);
}

/** The same call is made on several nodes, and again until each has answered it. */
async function issueOnce(scene: Scene): Promise<void> {
  const { clients, random, application } = scene;
  const name = randomUUID();
  const answers = await Promise.all(
    Array.from({ length: random.integer(2, 3) }, async () => {
      await clients.pause(random.between(0, 30));
      return await untilDone(clients, () => random.pick(clients.nodes), {
        method: 'POST',
        path: `/apikey?ApplicationId=${application}`,
        headers: { 'idempotency-key': name },
        body: { name },
        done: [200],
        keys: [],
        begin: unseen,
      });
    }),
  );
  const story = answers.map((call) => describe(call!));
  const [first, ...others] = answers.map((call) => ({ id: idIn(call!), secret: call!.body as string }));
  if (others.some(({ id, secret }) => id !== first!.id || secret !== first!.secret))
    clients.violations.add(`One Idempotency-Key was answered with several keys`, story);
  const key = new KeyHistory(first!.id, application, first!.secret, [], true);
  for (const line of story) key.tell(line);
  clients.keys.push(key);
  await clients.verifyEverywhere(key);
  const page = await clients.untilServed(
    () => clients.ask(random.pick(clients.nodes), 'GET', `/apikey?ApplicationId=${application}&limit=100`),
    [200],
  );
  const made = (page.body as { data: { name: string }[] }).data.filter((listed) => listed.name === name);
  if (made.length !== 1)
    clients.violations.add(`One Idempotency-Key has made ${made.length} keys`, [...story, describe(page)]);
}

export const CREATION = {
  issue: { about: 'keys are issued, and asked for as keys of others', live: issueAndLook },
  import: { about: 'keys are imported that the nodes remember not to know', live: importAndLook },
  idempotency: { about: 'one call to issue a key is made several times at once', live: issueOnce },
} satisfies Record<string, Workload>;
