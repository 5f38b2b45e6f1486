import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import type { PageRequest } from '../../../shared/page.js';
import { DenialRecords, type DenialRecord, type DenialSubject } from '../application/denial-records.js';
import { RETENTION_DAYS } from './denials.purge.js';

@Injectable()
export class PostgresDenialRecords extends DenialRecords {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {
    super();
  }

  list(subject: DenialSubject, { limit, before }: PageRequest): Promise<DenialRecord[]> {
    const [column, id] =
      'keyId' in subject ? ['ring_id', subject.keyId] : ['application_id', subject.applicationId];
    return this.dataSource.query<DenialRecord[]>(
      // A verdict does not say whether the key was revoked or its secret: the key says since when it is.
      `SELECT d.id, d.at, d.api_key_id AS "keyId", d.verdict,
              CASE WHEN d.cause = 'revoked' AND k.id IS NOT NULL AND coalesce(k.revoked_at > d.at, true)
                   THEN 'secret_revoked' ELSE d.cause END AS cause,
              d.request_id AS "requestId", d.address, d.caller_address AS "callerAddress", d.repeated, d.details
         FROM denials d LEFT JOIN api_keys k ON k.id = d.api_key_id
        WHERE d.${column} = $1 AND ($2::uuid IS NULL OR d.id < $2) AND d.at > now() - make_interval(days => $4)
        ORDER BY d.id DESC
        LIMIT $3 + 1`,
      [id, before ?? null, limit, RETENTION_DAYS],
    );
  }
}
