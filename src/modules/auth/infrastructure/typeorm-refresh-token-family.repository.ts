import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { deleteExpired } from '../../../infrastructure/database/delete-expired.js';
import { Columns } from '../../../infrastructure/database/columns.js';
import { BARRIER, IS_REPLICATED, commitStatement } from '../../../infrastructure/database/commit.js';
import type { ConnectionPool } from '../../../infrastructure/database/connection-pool.js';
import { poolOf } from '../../../infrastructure/database/pool.js';
import { Snapshots } from '../../../infrastructure/database/snapshots.js';
import { expectProof, managerOf } from '../../../infrastructure/database/transaction.js';
import { scrub } from '../../../infrastructure/logging/scrub.js';
import { eventsOf } from '../../../shared/domain-event.js';
import type { PageRequest } from '../../../shared/page.js';
import type { Transaction } from '../../../shared/transaction.js';
import type { Dated } from '../../freshness/index.js';
import {
  RefreshTokenFamilyRepository,
  type WhichSessions,
} from '../domain/refresh-token-family.repository.js';
import {
  RefreshToken,
  RefreshTokenFamily,
  type RotationVerdict,
  type Session,
} from '../domain/refresh-token-family.js';
import { refreshTokenFamilySchema } from './refresh-token-family.schema.js';

/** Of what a client calls itself as much as tells one from another. */
const MAX_USER_AGENT_LENGTH = 200;

const EXISTS = `
  SELECT counter.number::float8 AS "asOf", ${IS_REPLICATED} AS "isReplicated", family.id IS NOT NULL AS exists
    FROM key_change_counter counter LEFT JOIN refresh_token_families family ON family.id = $1`;

/** Logins that are ended in one transaction because there are others: an older version has let people have any number. */
const MAX_ENDED_BEYOND = 1000;

/**
 * Locks in the order of ids, as everybody does who locks several: two in opposite orders would deadlock. It is the order
 * in which the logins began, too.
 */
const END = `
  WITH locked AS MATERIALIZED (
    SELECT id FROM refresh_token_families
     WHERE user_id = $1 AND ($2::uuid IS NULL OR id = $2) AND id IS DISTINCT FROM $3
       AND ($4::int IS NULL OR id <= (
             SELECT id FROM refresh_token_families WHERE user_id = $1 ORDER BY id DESC OFFSET $4 LIMIT 1))
     ORDER BY id LIMIT $5 FOR UPDATE
  ), ended AS (
    DELETE FROM refresh_token_families family USING locked WHERE family.id = locked.id
    RETURNING family.id, family.expires_at > clock_timestamp() AS is_numbered
  )
  SELECT coalesce(json_agg(id), '[]') AS ids, coalesce(bool_or(is_numbered), false) AS "isNumbered", ${BARRIER}
    FROM ended`;

const LIST = `
  SELECT family.id, family.scopes, family.created_at AS "createdAt", family.expires_at AS "expiresAt",
         token.created_at AS "lastUsedAt", token.address, token.user_agent AS "userAgent"
    FROM refresh_token_families family
    JOIN refresh_tokens token ON token.family_id = family.id AND token.spent_at IS NULL
   WHERE family.user_id = $1 AND family.expires_at > $2 AND ($3::uuid IS NULL OR family.id < $3)
   ORDER BY family.id DESC LIMIT $4`;

@Injectable()
export class TypeOrmRefreshTokenFamilyRepository extends RefreshTokenFamilyRepository {
  private readonly pool: ConnectionPool;
  private readonly snapshots: Snapshots;
  private readonly columns: Columns<RefreshTokenFamily>;
  private readonly selectByToken: string;

  constructor(dataSource: DataSource) {
    super();
    this.pool = poolOf(dataSource);
    this.snapshots = new Snapshots(dataSource);
    this.columns = new Columns(dataSource, refreshTokenFamilySchema);
    this.selectByToken = `
      SELECT ${IS_REPLICATED} AS "isReplicated", ${this.columns.namesIn('family')}
        FROM (VALUES (1)) AS one LEFT JOIN refresh_token_families family
          ON family.id = (SELECT family_id FROM refresh_tokens WHERE hash = $1)`;
  }

  async start(family: RefreshTokenFamily, first: RefreshToken, tx: Transaction): Promise<void> {
    const manager = managerOf(tx);
    await manager.insert(RefreshTokenFamily, family);
    await insertToken(manager, first);
    tx.record(eventsOf(family));
  }

  async findByTokenHash(hash: Buffer): Promise<RefreshTokenFamily | undefined> {
    const { rows } = await this.pool.query<Record<string, unknown>>(this.selectByToken, [hash]);
    const [found] = rows;
    if (found?.id === null && found.isReplicated === true) {
      const { value } = await commitStatement<Record<string, unknown>>(
        this.pool,
        confirmed(this.selectByToken),
        [hash],
      );
      return this.familyOf(value[0]);
    }
    return this.familyOf(found);
  }

  async exists(id: string, atLeast: number): Promise<Dated<boolean>> {
    interface Row {
      asOf: number;
      isReplicated: boolean;
      exists: boolean;
    }
    const { rows } = await this.pool.query<Row>({ name: 'session', text: EXISTS, values: [id] });
    const [row] = rows;
    if (row === undefined) throw new Error('key_change_counter has lost its row');
    if (row.asOf < atLeast) this.pool.distrust();
    if (row.exists || !row.isReplicated) return { value: row.exists, asOf: row.asOf };
    // A new login takes no number: a server that was left behind may show all there are.
    const { value } = await commitStatement<Row>(this.pool, confirmed(EXISTS), [id]);
    const { exists, asOf } = value[0] ?? row;
    return { value: exists, asOf };
  }

  listOf(
    userId: string,
    { before, limit }: PageRequest,
    now: Date,
    atLeast: number,
  ): Promise<Dated<Session[]>> {
    return this.snapshots.read(atLeast, (snapshot) =>
      managerOf(snapshot).query<Session[]>(LIST, [userId, now, before ?? null, limit + 1]),
    );
  }

  async rotate(hash: Buffer, next: RefreshToken, tx: Transaction): Promise<RotationVerdict | undefined> {
    const manager = managerOf(tx);
    // The family's row is locked before its token is read: who comes second sees the token spent.
    const family = await manager.findOne(RefreshTokenFamily, {
      where: { id: next.familyId },
      lock: { mode: 'pessimistic_write' },
    });
    const token = family && (await manager.findOneBy(RefreshToken, { hash, familyId: family.id }));
    if (!family || !token) return undefined;
    const now = next.createdAt;
    const verdict = family.present(token, now);
    if (verdict === 'rotate') {
      await manager.update(RefreshToken, { hash }, { spentAt: now, address: null, userAgent: null });
      await insertToken(manager, next);
      tx.record(eventsOf(family));
    } else {
      await this.end(family, tx);
    }
    return verdict;
  }

  async end(family: RefreshTokenFamily, tx: Transaction): Promise<void> {
    if ((await endSome(family.userId, { only: family.id }, tx)).length === 1) tx.record(eventsOf(family));
  }

  async lockAllOf(userId: string, tx: Transaction): Promise<string[]> {
    // In the order in which they are ended.
    const rows = await managerOf(tx).query<{ id: string }[]>(
      'SELECT id FROM refresh_token_families WHERE user_id = $1 ORDER BY id FOR UPDATE',
      [userId],
    );
    return rows.map(({ id }) => id);
  }

  async endOf(userId: string, which: WhichSessions, tx: Transaction): Promise<number> {
    const ids = await endSome(userId, which, tx);
    tx.record(
      ids.map((id) => ({
        name: 'SessionEnded',
        applicationId: null,
        target: { kind: 'session', id },
        before: { userId },
        after: null,
      })),
    );
    return ids.length;
  }

  purgeExpired(now: Date, limit: number, tx: Transaction): Promise<number> {
    return deleteExpired('refresh_token_families', now, limit, tx);
  }

  private familyOf(row: Record<string, unknown> | undefined): RefreshTokenFamily | undefined {
    return row === undefined || row.id === null ? undefined : this.columns.entityOf(row);
  }
}

async function insertToken(manager: EntityManager, token: RefreshToken): Promise<void> {
  const { hash, familyId, createdAt, spentAt, address } = token;
  const userAgent = token.userAgent === null ? null : printable(token.userAgent);
  await manager.insert(RefreshToken, { hash, familyId, createdAt, spentAt, address, userAgent });
}

/** Returns the ids of those that have ended now. What it does not find is not there: its transaction is one that writes. */
async function endSome(userId: string, which: WhichSessions, tx: Transaction): Promise<string[]> {
  const [row] = await managerOf(tx).query<{ ids: string[]; isNumbered: boolean }[]>(END, [
    userId,
    'only' in which ? which.only : null,
    'except' in which ? which.except : null,
    'beyond' in which ? which.beyond : null,
    'beyond' in which ? MAX_ENDED_BEYOND : null,
  ]);
  if (row?.isNumbered === true) expectProof(tx);
  return row?.ids ?? [];
}

/** The same read by a transaction that has to be committed, which neither a standby nor an old primary can do. */
function confirmed(select: string): string {
  return select.replace('SELECT', `SELECT ${BARRIER},`);
}

/** Somebody may send a credential as the name of their client, or what would act on a terminal. */
function printable(userAgent: string): string {
  return scrub(userAgent.replace(/[^\x20-\x7e]/g, '?')).slice(0, MAX_USER_AGENT_LENGTH);
}
