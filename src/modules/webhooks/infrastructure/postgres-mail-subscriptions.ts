import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { uuidv7 } from 'uuidv7';
import { Snapshots } from '../../../infrastructure/database/snapshots.js';
import { managerOf } from '../../../infrastructure/database/transaction.js';
import type { Transaction } from '../../../shared/transaction.js';
import type { Dated } from '../../freshness/index.js';
import { MailSubscriptions } from '../application/mail-subscriptions.js';
import { MAIL_EVENTS } from '../domain/owner-mail.js';

@Injectable()
export class PostgresMailSubscriptions extends MailSubscriptions {
  private readonly snapshots: Snapshots;

  constructor(@InjectDataSource() dataSource: DataSource) {
    super();
    this.snapshots = new Snapshots(dataSource);
  }

  has(applicationId: string, userId: string, atLeast: number): Promise<Dated<boolean>> {
    return this.snapshots.latest(atLeast, async (snapshot) => {
      const rows = await managerOf(snapshot).query<unknown[]>(
        'SELECT FROM webhooks WHERE application_id = $1 AND mails_to = $2 AND deleted_at IS NULL',
        [applicationId, userId],
      );
      return rows.length > 0;
    });
  }

  async set(applicationId: string, userId: string, isWanted: boolean, tx: Transaction): Promise<boolean> {
    const manager = managerOf(tx);
    if (!isWanted) {
      const [, deleted] = await manager.query<[unknown, number]>(
        `UPDATE webhooks SET deleted_at = now() WHERE application_id = $1 AND mails_to = $2 AND deleted_at IS NULL`,
        [applicationId, userId],
      );
      return deleted > 0;
    }
    // Mails are not signed.
    const rows = await manager.query<unknown[]>(
      `INSERT INTO webhooks (id, application_id, mails_to, url, events, enabled, credits_below, secret, secret_pepper,
                             created_at, updated_at)
       VALUES ($1, $2, $3, '', $4, true, 1, '', 0, now(), now())
           ON CONFLICT (application_id, mails_to) WHERE mails_to IS NOT NULL AND deleted_at IS NULL DO NOTHING
       RETURNING id`,
      [uuidv7(), applicationId, userId, [...MAIL_EVENTS]],
    );
    return rows.length > 0;
  }
}
