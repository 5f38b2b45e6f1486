import { idIn, unseen, untilDone } from '../changes.js';
import { codeOf, describe, type Call } from '../clients.js';
import { Balance, type Movement } from '../history/balance.js';
import { Hits, type Hit } from '../history/hits.js';
import type { Scene, Workload } from './workload.js';

/** Verifications of one key at the same time. */
const AT_ONCE = 4;
const MAX_MOVEMENTS = 60;

interface MeteredKey {
  id: string;
  secret: string;
  story: string[];
}

async function issueMetered({ clients, random, application }: Scene, body: object): Promise<MeteredKey> {
  const call = await untilDone(clients, () => random.pick(clients.nodes), {
    method: 'POST',
    path: `/apikey?ApplicationId=${application}`,
    body,
    done: [200],
    keys: [],
    begin: unseen,
  });
  return {
    id: idIn(call!),
    secret: call!.body as string,
    story: [`${JSON.stringify(body)}, ${describe(call!)}`],
  };
}

function note(key: MeteredKey, what: string, call: Call): void {
  key.story.push(`${what}, ${describe(call)}`);
}

/** Spends from a balance on all nodes at once, adds to it now and then, and reads it in the end. */
async function spend(scene: Scene): Promise<void> {
  const { clients, random } = scene;
  const initial = random.integer(3, 20);
  const balance = new Balance(initial);
  const key = await issueMetered(scene, { credits: { remaining: initial } });
  let left = random.integer(20, MAX_MOVEMENTS);

  const complain = (what: string): void => {
    clients.violations.add(`Credits of ${key.id}: ${what}`, key.story);
  };
  const spendOnce = async (): Promise<void> => {
    const cost = random.integer(1, 3);
    let own!: Movement;
    const call = await clients.ask(
      random.pick(clients.nodes),
      'POST',
      '/apikey/verify',
      { asService: true, body: { key: key.secret, cost } },
      (began) => {
        own = balance.begin(-cost, began);
      },
    );
    note(key, `cost ${cost}`, call);
    if (!clients.wasServed(call)) return;
    const { credits } = call.body as { credits?: { remaining: number } };
    const [least, most] = balance.bounds(call.began, call.ended, own);
    if (codeOf(call) === 'VALID') {
      own.ended = call.ended;
      if (most < cost) complain(`${cost} was spent of at most ${most}`);
      const told = credits?.remaining;
      if (told !== undefined && (told < least - cost || told > most - cost))
        complain(`${told} were said to be left, of ${least} to ${most} less ${cost}`);
    } else if (codeOf(call) === 'USAGE_EXCEEDED') {
      balance.undo(own);
      if (least >= cost) complain(`${cost} was refused although at least ${least} were left`);
    } else {
      complain(`a verdict was not to be expected: ${codeOf(call)}`);
    }
  };
  const addOnce = async (): Promise<void> => {
    const add = random.integer(1, 5);
    let own!: Movement;
    const path = `/apikey/${key.id}/credits`;
    const call = await clients.ask(random.pick(clients.nodes), 'POST', path, { body: { add } }, (began) => {
      own = balance.begin(add, began);
    });
    note(key, `add ${add}`, call);
    if (call.status === 200) own.ended = call.ended;
    else if (call.status !== 0 && call.status !== 503) complain('an addition was refused');
  };
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (left > 0) {
        left -= 1;
        await (random.chance(0.1) ? addOnce() : spendOnce());
        await clients.pause(random.between(0, 20));
      }
    }),
  );
  const read = await clients.untilServed(
    () => clients.ask(random.pick(clients.nodes), 'GET', `/apikey/${key.id}`),
    [200],
  );
  const { credits } = read.body as { credits: { remaining: number } };
  const [least, most] = balance.bounds(read.began, read.ended);
  note(key, `${credits.remaining} left`, read);
  if (credits.remaining < Math.max(0, least) || credits.remaining > most)
    complain(`${credits.remaining} are left, of ${least} to ${most}`);
}

/** Uses one key on all nodes beyond its limit. */
async function hit(scene: Scene): Promise<void> {
  const { clients, random } = scene;
  const limit = random.integer(2, 8);
  const windowSeconds = random.integer(1, 3);
  const hits = new Hits(limit, windowSeconds * 1000);
  const key = await issueMetered(scene, { rateLimits: [{ name: 'burst', limit, windowSeconds }] });
  let left = random.integer(3 * limit, 8 * limit);
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (left > 0) {
        left -= 1;
        let own!: Hit;
        const call = await clients.ask(
          random.pick(clients.nodes),
          'POST',
          '/apikey/verify',
          { asService: true, body: { key: key.secret } },
          (began) => {
            own = hits.begin(began);
          },
        );
        note(key, 'hit', call);
        if (clients.wasServed(call)) judgeHit(call, own);
        await clients.pause(random.between(0, (windowSeconds * 1000) / limit));
      }
    }),
  );

  function judgeHit(call: Call, own: Hit): void {
    const code = codeOf(call);
    const problem =
      code === 'VALID'
        ? hits.granted(own, call.ended, clients.countsLostAt())
        : code === 'RATE_LIMITED'
          ? hits.refused(own, call.ended)
          : `a verdict was not to be expected: ${code}`;
    // Windows are measured by the database's clock: nothing can be said of them when that is set.
    if (problem !== undefined && Number.isFinite(clients.clockDoubtMs))
      clients.violations.add(
        `${limit} in ${windowSeconds} s for ${key.id}: ${code} from ${call.node.name}: ${problem}`,
        key.story,
      );
  }
}

export const METERING = {
  credits: { about: 'credits are spent on all nodes at once, and added to', live: spend },
  limits: { about: 'a key is used on all nodes beyond its limit', live: hit },
} satisfies Record<string, Workload>;
