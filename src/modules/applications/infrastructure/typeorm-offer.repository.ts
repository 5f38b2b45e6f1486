import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { Columns } from '../../../infrastructure/database/columns.js';
import { deleteExpired } from '../../../infrastructure/database/delete-expired.js';
import { managerOf } from '../../../infrastructure/database/transaction.js';
import type { PageRequest } from '../../../shared/page.js';
import type { Subject } from '../../../shared/subject.js';
import type { Transaction } from '../../../shared/transaction.js';
import type { Offer } from '../domain/offer.js';
import { OfferRepository, type ListedOffer } from '../domain/offer.repository.js';
import { offerSchema } from './offer.schema.js';

interface OfferRow extends Record<string, unknown> {
  id: string;
  applicationName: string;
}

@Injectable()
export class TypeOrmOfferRepository extends OfferRepository {
  private readonly columns: Columns<Offer>;

  constructor(@InjectRepository(offerSchema) private readonly rows: Repository<Offer>) {
    super();
    this.columns = new Columns(rows.manager.dataSource, offerSchema);
  }

  async list(
    of: { to: Subject } | { applicationId: string },
    { before, limit }: PageRequest,
    now: Date,
  ): Promise<ListedOffer[]> {
    const [which, values] =
      'to' in of
        ? ['offer.issuer = $4 AND offer.subject = $5', [of.to.issuer, of.to.subject]]
        : ['offer.application_id = $4', [of.applicationId]];
    const rows = await this.rows.query<OfferRow[]>(
      `SELECT ${this.columns.namesIn('offer')}, application.name AS "applicationName"
         FROM application_offers offer
         JOIN applications application ON application.id = offer.application_id AND application.deleted_at IS NULL
        WHERE ${which} AND offer.expires_at > $3 AND ($1::uuid IS NULL OR offer.id < $1)
        ORDER BY offer.id DESC LIMIT $2`,
      [before ?? null, limit + 1, now, ...values],
    );
    return rows.map((row) => ({
      id: row.id,
      offer: this.columns.entityOf(row),
      applicationName: row.applicationName,
    }));
  }

  find(id: string, tx: Transaction): Promise<Offer | null> {
    return managerOf(tx).findOneBy(offerSchema, { id });
  }

  purgeExpired(now: Date, limit: number, tx: Transaction): Promise<number> {
    return deleteExpired('application_offers', now, limit, tx);
  }
}
