/*
 * Loaded into a node before anything else: makes the mistake that CHAOS_PLANT names, by changing the service's classes
 * in this process. plants.ts says what each is.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { Server, ServerResponse } from 'node:http';

const MODULES = '../../../src/modules';
const DATABASE = '../../../src/infrastructure/database';

const plants = {
  'lease-before-arrival': async () => {
    const { Lease } = await import(`${MODULES}/freshness/domain/lease.ts`);
    const connection = new AsyncLocalStorage();
    const before = new WeakMap();
    let lease;
    replace(
      Lease,
      'held',
      (held) =>
        function () {
          lease = { held: () => held.call(this) };
          return before.get(connection.getStore()) ?? lease.held();
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
    replace(
      Server,
      'emit',
      (emit) =>
        function (event, ...rest) {
          if (event !== 'request') return emit.call(this, event, ...rest);
          return connection.run(rest[0].socket, () => emit.call(this, event, ...rest));
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
    replace(FreshnessNode, 'hear', () => () => undefined);
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
    const { Settlement } = await import(`${MODULES}/freshness/application/settlement.ts`);
    replace(Settlement, 'settle', () => () => Promise.resolve());
  },

  'repeated-delete-does-not-wait': async () => {
    const { ApiKeyService } = await import(`${MODULES}/api-keys/application/api-key.service.ts`);
    replace(
      ApiKeyService,
      'revoke',
      (revoke) =>
        async function (key, by) {
          if (key.revokedAt === null) await revoke.call(this, key, by);
        },
    );
  },

  'fill-after-change': async () => {
    const { FillGate } = await import(`${MODULES}/freshness/domain/fill-gate.ts`);
    replace(FillGate, 'allows', () => () => true);
  },

  'unknown-for-good': async () => {
    const { FreshCache } = await import(`${MODULES}/freshness/infrastructure/fresh-cache.ts`);
    replace(
      FreshCache,
      'onChange',
      (onChange) =>
        function (change) {
          this.unknown.clear = () => undefined;
          onChange.call(this, change);
        },
    );
  },

  'connections-in-transactions': async () => {
    const { PooledClient } = await import(`${DATABASE}/pooled-client.ts`);
    Object.defineProperty(PooledClient.prototype, 'isIdle', { get: () => true });
    replace(PooledClient, 'judge', () => (_config, _sentAt, error) => error);
  },

  'issued-before-commit': async () => {
    const { TypeOrmApiKeyRepository } = await import(
      `${MODULES}/api-keys/infrastructure/typeorm-api-key.repository.ts`
    );
    replace(
      TypeOrmApiKeyRepository,
      'insert',
      (insert) =>
        function (...key) {
          insert.apply(this, key).catch(() => undefined);
          return Promise.resolve();
        },
    );
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
    const { DatabaseClock } = await import(`${MODULES}/`);
    replace(DatabaseClock, 'now', () => () => Date.now());
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
    throw new Error(`${owner.name} has no ${name} any more: mend the plant`);
  owner.prototype[name] = by(original);
}

const name = process.env.CHAOS_PLANT;
if (!(name in plants)) throw new Error(`There is no plant called ${name}`);
await plants[name]();
