/*
 * Loaded into a node before anything else: makes the mistake that CHAOS_PLANT names, by changing the service's classes
 * in this process. plants.ts says what each is.
 */
import { randomUUID } from 'node:crypto';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Client } from 'pg';

const MODULES = '../../../src/modules';
const DATABASE = '../../../src/infrastructure/database';

const plants = {
  'lease-before-arrival': async () => {
    const { Lease } = await import(`${MODULES}/freshness/domain/lease.ts`);
    const before = new WeakMap();
    let lease, socket;
    replace(
      Lease,
      'held',
      (held) =>
        function () {
          lease = { held: () => held.call(this) };
          return before.get(socket) ?? lease.held();
        },
    );
    replace(
      ServerResponse,
      'end',
      (end) =>
        function (...rest) {
          if (lease !== undefined && this.req.socket !== null) before.set(this.req.socket, lease.held());
          return end.apply(this, rest);
        },
    );
    // Whatever is done next is done for the request that has said something last.
    replace(
      IncomingMessage,
      'emit',
      (emit) =>
        function (...rest) {
          ({ socket } = this);
          return emit.apply(this, rest);
        },
    );
  },

  'lease-from-answer': async () => {
    const { Lease } = await import(`${MODULES}/freshness/domain/lease.ts`);
    replace(
      Lease,
      'grant',
      (grant) =>
        function () {
          grant.call(this, this.now());
        },
    );
  },

  'one-snapshot': async () => {
    const { FreshnessNode } = await import(`${MODULES}/freshness/application/freshness-node.ts`);
    const { PostgresFeed } = await import(`${MODULES}/freshness/infrastructure/postgres-feed.ts`);
    // A notification would tell of what the snapshot has missed.
    replace(FreshnessNode, 'onNotify', () => () => undefined);
    replace(
      PostgresFeed,
      'renew',
      (renew) =>
        function (...renewal) {
          const inTransaction = Object.create(this);
          inTransaction.call = (work) =>
            this.call(async (client) => {
              await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
              const answer = await work(client);
              await new Promise((resolve) => setTimeout(resolve, 100));
              await client.query('COMMIT');
              return answer;
            });
          return renew.apply(inTransaction, renewal);
        },
    );
  },

  'no-waiting': async () => {
    const { Propagation } = await import(`${MODULES}/freshness/application/propagation.ts`);
    replace(Propagation, 'wait', () => () => Promise.resolve());
  },

  'repeated-delete-does-not-wait': async () => {
    const { ApiKeyService } = await import(`${MODULES}/api-keys/application/api-key.service.ts`);
    replace(
      ApiKeyService,
      'revoke',
      (revoke) =>
        async function (actor, key) {
          if (key.revokedAt === null) await revoke.call(this, actor, key);
        },
    );
  },

  'fill-after-change': async () => {
    const { FillGate } = await import(`${MODULES}/freshness/domain/fill-gate.ts`);
    const { FreshCache } = await import(`${MODULES}/freshness/infrastructure/fresh-cache.ts`);
    replace(FillGate, 'allows', () => () => true);
    // More changes come between.
    replace(
      FreshCache,
      'fill',
      (fill) =>
        function (...read) {
          setTimeout(() => fill.apply(this, read), 100);
        },
    );
  },

  'unknown-for-good': async () => {
    const { FreshCache } = await import(`${MODULES}/freshness/infrastructure/fresh-cache.ts`);
    replace(FreshCache, 'forgetUnknown', () => () => undefined);
  },

  'connections-in-transactions': async () => {
    const { PooledClient } = await import(`${DATABASE}/pooled-client.ts`);
    const { PostgresNodeTable } = await import(`${MODULES}/freshness/infrastructure/postgres-node-table.ts`);
    Object.defineProperty(PooledClient.prototype, 'isIdle', { get: () => true });
    // pg would drop it when it, too, is not answered in time.
    replace(
      Client,
      'query',
      (query) =>
        function (...statement) {
          if (statement[0] !== 'ROLLBACK') return query.apply(this, statement);
          const done = statement.find((part) => typeof part === 'function');
          done?.(null, { rows: [], command: 'ROLLBACK' });
          return Promise.resolve();
        },
    );
    // Nor is it asked whether others see what was changed.
    replace(
      PooledClient,
      'judge',
      () =>
        function (_config, _sentAt, error) {
          this.change ??= { number: 0, id: randomUUID() };
          return error;
        },
    );
    replace(
      PostgresNodeTable,
      'look',
      (look) =>
        async function (changes) {
          return { ...(await look.call(this, changes)), proven: new Set(changes.map(({ id }) => id)) };
        },
    );
  },

  'notice-of-commit-ignored': async () => {
    const { PooledClient } = await import(`${DATABASE}/pooled-client.ts`);
    replace(
      PooledClient,
      'read',
      (read) =>
        function (notice) {
          if (notice.code !== '01000') read.call(this, notice);
        },
    );
  },

  'issued-before-commit': async () => {
    const { TypeOrmApiKeyRepository } = await import(
      `${MODULES}/api-keys/infrastructure/typeorm-api-key.repository.ts`
    );
    replace(
      TypeOrmApiKeyRepository,
      'insertBatched',
      (insertBatched) =>
        function (...key) {
          insertBatched.apply(this, key).catch(() => undefined);
          return Promise.resolve(true);
        },
    );
    replace(TypeOrmApiKeyRepository, 'isStored', () => () => Promise.resolve(true));
  },

  'repeated-call-is-done-again': async () => {
    const { IdempotencyService } = await import(`${MODULES}/idempotency/application/idempotency.service.ts`);
    replace(IdempotencyService, 'once', () => (_call, _codec, work) => work(undefined));
  },

  'credits-without-lock': async () => {
    const { PostgresCreditStore } = await import(
      `${MODULES}/metering/infrastructure/postgres-credit-store.ts`
    );
    replace(
      PostgresCreditStore,
      'spend',
      () =>
        async function (runs) {
          const outcomes = [];
          for (const run of runs) outcomes.push(await spendWithoutLock(this.pool, run));
          return outcomes;
        },
    );
  },

  // Made by a variable of its own.
  'limits-per-node': () => Promise.resolve(),

  'expiry-by-clock-of-node': async () => {
    const { DatabaseClock } = await import(`${DATABASE}/database-clock.ts`);
    replace(DatabaseClock, 'epochMs', () => () => Date.now());
  },
};

/** For a key with credits of its own alone. */
async function spendWithoutLock(pool, { accounts, cost, times }) {
  const id = [accounts.keyId];
  const { rows } = await pool.query(
    'SELECT remaining::float8 FROM credit_balances WHERE subject_id = $1',
    id,
  );
  const [{ remaining }] = rows;
  const granted = cost === 0 ? times : Math.min(times, Math.floor(remaining / cost));
  const left = remaining - granted * cost;
  await pool.query('UPDATE credit_balances SET remaining = $2 WHERE subject_id = $1', [...id, left]);
  return { granted, keyRemaining: left, applicationRemaining: null, againInSeconds: null };
}

function replace(owner, name, by) {
  const original = owner.prototype[name];
  if (typeof original !== 'function')
    throw new Error(`${owner.name} has no ${name} any more: adapt the plant`);
  owner.prototype[name] = by(original);
}

// Several names are separated by commas.
for (const name of process.env.CHAOS_PLANT.split(',')) {
  if (!(name in plants)) throw new Error(`There is no plant called ${name}`);
  await plants[name]();
}
