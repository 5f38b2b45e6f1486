import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { managerOf } from '../../../infrastructure/database/transaction.js';
import { eventsOf } from '../../../shared/domain-event.js';
import type { Transaction } from '../../../shared/transaction.js';
import { RefreshTokenFamilyRepository } from '../domain/refresh-token-family.repository.js';
import { RefreshToken, RefreshTokenFamily, type RotationVerdict } from '../domain/refresh-token-family.js';

@Injectable()
export class TypeOrmRefreshTokenFamilyRepository extends RefreshTokenFamilyRepository {
  constructor(private readonly dataSource: DataSource) {
    super();
  }

  async start(family: RefreshTokenFamily, first: RefreshToken, tx: Transaction): Promise<void> {
    const manager = managerOf(tx);
    await manager.insert(RefreshTokenFamily, family);
    await manager.insert(RefreshToken, first);
    tx.record(eventsOf(family));
  }

  async findByTokenHash(hash: Buffer): Promise<RefreshTokenFamily | undefined> {
    return familyOf(this.dataSource.manager, hash);
  }

  async rotate(
    hash: Buffer,
    nextHash: Buffer,
    now: Date,
    tx: Transaction,
  ): Promise<RotationVerdict | undefined> {
    const manager = managerOf(tx);
    // The family's row is locked before its token is read: who comes second sees the token spent.
    const family = await familyOf(manager, hash, { lock: true });
    const token = family && (await manager.findOneBy(RefreshToken, { hash }));
    if (!family || !token) return undefined;
    const verdict = family.show(token, now);
    if (verdict === 'rotate') {
      await manager.update(RefreshToken, { hash }, { spentAt: now });
      await manager.insert(RefreshToken, RefreshToken.issue(nextHash, family, now));
    } else {
      await manager.delete(RefreshTokenFamily, { id: family.id });
    }
    tx.record(eventsOf(family));
    return verdict;
  }

  async end(family: RefreshTokenFamily, tx: Transaction): Promise<void> {
    const { affected } = await managerOf(tx).delete(RefreshTokenFamily, { id: family.id });
    if (affected === 1) tx.record(eventsOf(family));
  }

  async purgeExpired(now: Date, limit: number, tx: Transaction): Promise<number> {
    const { affected } = await managerOf(tx)
      .createQueryBuilder()
      .delete()
      .from(RefreshTokenFamily)
      .where(
        `id IN (SELECT id FROM refresh_token_families WHERE expires_at <= :now
                 ORDER BY expires_at LIMIT :limit FOR UPDATE SKIP LOCKED)`,
        { now, limit },
      )
      .execute();
    return affected ?? 0;
  }
}

async function familyOf(
  manager: EntityManager,
  tokenHash: Buffer,
  options: { lock?: boolean } = {},
): Promise<RefreshTokenFamily | undefined> {
  const query = manager
    .createQueryBuilder(RefreshTokenFamily, 'family')
    .where('family.id = (SELECT family_id FROM refresh_tokens WHERE hash = :tokenHash)', { tokenHash });
  if (options.lock === true) query.setLock('pessimistic_write');
  return (await query.getOne()) ?? undefined;
}
