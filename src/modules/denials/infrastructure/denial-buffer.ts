import { isIP } from 'node:net';
import {
  Inject,
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Pool } from 'pg';
import { DataSource } from 'typeorm';
import { uuidv7 } from 'uuidv7';
import { ENV, type Env } from '../../../config/env.js';
import { isRefusalOfData } from '../../../infrastructure/database/postgres-errors.js';
import { poolOf } from '../../../infrastructure/database/pool.js';
import { WriteBehind, type Collected } from '../../../infrastructure/database/write-behind.js';
import { scrub } from '../../../infrastructure/logging/scrub.js';
import { Metrics } from '../../../infrastructure/metrics/metrics.js';
import { isUuid } from '../../../shared/uuid.js';
import {
  VerificationObservers,
  type ObservedVerification,
  type VerificationObserver,
} from '../../verification/index.js';
import { explain, type Denial, type DenialDetails } from '../domain/denial.js';
import { DenialSamples, type KeptDenial } from './denial-samples.js';

/** Denials that a ring has places for. */
const RING = 100;

/** Milliseconds that the last flush may take: denials are samples, and worth less than a quick end. */
const LAST_FLUSH_MS = 1500;

/*
 * The places of a ring are given out by its row, which nodes wait for in one order. Of more than it has places for, the
 * last are written: no place is given out twice. What a former attempt has written is left alone, and so is what is of no
 * application: a caller may have named anything.
 */
const WRITE = `
  WITH given AS (
    SELECT g.*, row_number() OVER (PARTITION BY g.ring_id ORDER BY g.id DESC) AS place
      FROM jsonb_to_recordset($1) AS g (
             ring_id uuid, id uuid, application_id uuid, api_key_id uuid, at timestamptz, verdict text, cause text,
             request_id text, address text, caller_address text, repeated integer, details jsonb)
      JOIN applications a ON a.id = g.application_id AND a.deleted_at IS NULL
     WHERE NOT EXISTS (SELECT FROM denials d WHERE d.application_id = g.application_id AND d.id = g.id)
  ), rings AS (
    INSERT INTO denial_rings AS r (id, written, written_at)
    SELECT ring_id, count(*), now() FROM given GROUP BY ring_id ORDER BY ring_id
        ON CONFLICT (id) DO UPDATE SET written = r.written + excluded.written, written_at = excluded.written_at
    RETURNING id, written
  )
  INSERT INTO denials (ring_id, slot, id, application_id, api_key_id, at, verdict, cause, request_id, address,
                       caller_address, repeated, details)
  SELECT g.ring_id, (r.written - g.place) % ${RING}, g.id, g.application_id, g.api_key_id, g.at, g.verdict, g.cause,
         g.request_id, g.address, g.caller_address, g.repeated, g.details
    FROM given g JOIN rings r ON r.id = g.ring_id
   WHERE g.place <= ${RING}
      ON CONFLICT (ring_id, slot) DO UPDATE
     SET id = excluded.id, application_id = excluded.application_id, api_key_id = excluded.api_key_id,
         at = excluded.at, verdict = excluded.verdict, cause = excluded.cause, request_id = excluded.request_id,
         address = excluded.address, caller_address = excluded.caller_address, repeated = excluded.repeated,
         details = excluded.details`;

/** A denial, and when it was. */
type Noted = Denial & Pick<ObservedVerification, 'at'>;

/**
 * Writes down why verifications were refused: a few of each kind, in one statement for all since the last one, into the
 * rings of the keys and applications that they concern.
 */
@Injectable()
export class DenialBuffer
  implements VerificationObserver, OnApplicationBootstrap, BeforeApplicationShutdown, Collected
{
  private readonly logger = new Logger(DenialBuffer.name);
  private readonly pool: Pool;
  private readonly samples = new DenialSamples<Noted>();
  private readonly writes: WriteBehind;
  /** What is being written, as it is repeated until that is answered. */
  private rows: Row[] = [];

  constructor(
    @InjectDataSource() dataSource: DataSource,
    @Inject(ENV) env: Env,
    observers: VerificationObservers,
    metrics: Metrics,
  ) {
    this.pool = poolOf(dataSource);
    this.writes = new WriteBehind(this, { everyMs: env.USAGE_FLUSH_MS, lastMs: LAST_FLUSH_MS });
    metrics.queue('denials', () => this.samples.size + this.rows.length);
    metrics.countOf(
      {
        name: 'upblit_denials_total',
        help: 'Refusals to be looked at later: `kept`, `joined` to one that was kept, or `dropped` in a flood or by the database.',
        labelNames: ['outcome'],
      },
      () => Object.entries(this.samples.counts).map(([outcome, count]) => [{ outcome }, count]),
    );
    observers.subscribe(this);
  }

  observe(verification: ObservedVerification): void {
    if (verification.verdict.valid) return;
    const { at } = verification;
    for (const denial of explain(verification)) {
      this.samples.add(denial, () => ({ ...denial, at }));
    }
  }

  onApplicationBootstrap(): void {
    this.writes.start();
  }

  /** While the pool is still open. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.writes.stop();
  }

  isEmpty(): boolean {
    return this.samples.size === 0 && this.rows.length === 0;
  }

  async flush(statementMs?: number): Promise<boolean> {
    if (this.rows.length === 0) {
      // Their ids are in the order of their times.
      const kept = this.samples.take().sort((a, b) => a.denial.at - b.denial.at);
      this.rows = kept.flatMap((one) => rowsOf(one));
    }
    const { rows } = this;
    if (rows.length === 0) return true;
    try {
      await this.pool.query({
        name: 'write_denials',
        text: WRITE,
        values: [JSON.stringify(rows)],
        ...(statementMs !== undefined && { query_timeout: statementMs }),
      });
    } catch (error) {
      this.logger.warn(`could not write why verifications were refused: ${(error as Error).message}`);
      // What is refused for what it says would be refused each time, and everything after it would wait for ever.
      if (isRefusalOfData(error) && this.rows === rows) {
        this.samples.counts.dropped += rows.reduce((sum, { repeated }) => sum + repeated, 0);
        this.rows = [];
      }
      return false;
    }
    if (this.rows === rows) this.rows = [];
    return true;
  }
}

/** Of the statement above. */
interface Row {
  readonly repeated: number;
  readonly [column: string]: unknown;
}

/** One row, or none where somebody has named an application by what is no id of one. */
function rowsOf({ denial, repeated }: KeptDenial<Noted>): Row[] {
  const { keyId, applicationId, verdict, cause, at, requestId, address, callerAddress } = denial;
  if (!isUuid(applicationId)) return [];
  return [
    {
      // A service key that was shown as a key is no key that anybody was handed: it is told among the application's.
      ring_id: cause === 'service_key' ? applicationId : (keyId ?? applicationId),
      id: uuidv7(),
      application_id: applicationId,
      api_key_id: keyId,
      at: new Date(at).toISOString(),
      verdict,
      cause,
      request_id: requestId,
      address: address !== null && isIP(address) !== 0 ? address : null,
      caller_address: callerAddress,
      repeated,
      details: scrubbed(denial.details),
    },
  ];
}

/** Whoever asks may have sent a key where a scope belongs. */
function scrubbed(details: DenialDetails): DenialDetails {
  const { scopes, missingScopes } = details;
  return {
    ...details,
    ...(scopes && { scopes: scopes.map(scrub) }),
    ...(missingScopes && { missingScopes: missingScopes.map(scrub) }),
  };
}
