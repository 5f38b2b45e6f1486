import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { RefreshTokenFamilyRepository } from '../domain/refresh-token-family.repository.js';
import {
  RefreshToken,
  RefreshTokenFamily,
  judgeRotation,
  type RotationVerdict,
} from '../domain/refresh-token-family.js';

@Injectable()
export class TypeOrmRefreshTokenFamilyRepository extends RefreshTokenFamilyRepository {
  constructor(private readonly dataSource: DataSource) {
    super();
  }

  async start(family: RefreshTokenFamily, first: RefreshToken): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      await manager.insert(RefreshTokenFamily, family);
      await manager.insert(RefreshToken, first);
    });
  }

  async findByTokenHash(hash: Buffer): Promise<RefreshTokenFamily | undefined> {
    return familyOf(this.dataSource.manager, hash);
  }

  async rotate(hash: Buffer, nextHash: Buffer, now: Date): Promise<RotationVerdict | undefined> {
    return this.dataSource.transaction(async (manager) => {
      // The family's row is locked before its token is read: who comes second sees the token spent.
      const family = await familyOf(manager, hash, { lock: true });
      const token = family && (await manager.findOneBy(RefreshToken, { hash }));
      if (!family || !token) return undefined;
      const verdict = judgeRotation(token, family, now);
      if (verdict === 'rotate') {
        await manager.update(RefreshToken, { hash }, { spentAt: now });
        await manager.insert(RefreshToken, RefreshToken.issue(nextHash, family, now));
      } else {
        await manager.delete(RefreshTokenFamily, { id: family.id });
      }
      return verdict;
    });
  }

  async end(hash: Buffer): Promise<void> {
    await this.dataSource.query(
      `DELETE FROM refresh_token_families
        WHERE id = (SELECT family_id FROM refresh_tokens WHERE hash = $1)`,
      [hash],
    );
  }

  async purgeExpired(now: Date, limit: number): Promise<number> {
    const { affected } = await this.dataSource
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
