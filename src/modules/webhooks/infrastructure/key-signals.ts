import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import {
  VerificationObservers,
  type ObservedVerification,
  type VerificationObserver,
} from '../../verification/index.js';
import { PeriodicLook } from './periodic-look.js';

const EVERY_MS = 5000;

/** Keys that are kept until the next look, of all applications and of one: others find room without taking it from anybody. */
const MAX_KEYS = 5000;
const MAX_KEYS_OF_APPLICATION = 500;

/*
 * What of it is new to those who want to know, judged by the balance as it is now. A notice of low credits is forgotten
 * as soon as the key is seen with enough of them, so that the next time is told of, too. A refusal for a rate limit is
 * told of once on a day.
 */
const NOTE = `
  WITH given AS MATERIALIZED (
    SELECT g.application_id, g.key_id, g.limited, k.name, credits_left(b, now()) AS remaining
      FROM jsonb_to_recordset($1) AS g (application_id uuid, key_id uuid, limited boolean)
      JOIN api_keys k ON k.id = g.key_id AND k.application_id = g.application_id AND k.revoked_at IS NULL
      LEFT JOIN credit_balances b ON b.subject_id = g.key_id
  ), wanted AS MATERIALIZED (
    SELECT given.*, w.id AS webhook_id, w.credits_below AS below,
           w.events && ARRAY['*', 'key.*', 'key.credits_low'] AS wants_credits,
           w.events && ARRAY['*', 'key.*', 'key.rate_limited_first'] AS wants_limits
      FROM given JOIN webhooks w ON w.application_id = given.application_id AND w.enabled AND w.deleted_at IS NULL
  ), enough AS (
    DELETE FROM webhook_notices n USING wanted
     WHERE n.api_key_id = wanted.key_id AND n.kind = 'credits_low ' || wanted.webhook_id AND n.about = 'epoch'
       AND wanted.remaining >= wanted.below
  ), event AS MATERIALIZED (
    SELECT key_id, 'credits_low ' || webhook_id AS kind, timestamptz 'epoch' AS about, application_id,
           'key.credits_low' AS type, webhook_id,
           jsonb_build_object('applicationId', application_id, 'keyId', key_id, 'name', name,
             'remaining', remaining, 'below', below) AS data
      FROM wanted WHERE wants_credits AND remaining < below
    UNION ALL
    SELECT key_id, 'rate_limited ' || webhook_id, date_trunc('day', now(), 'UTC'), application_id,
           'key.rate_limited_first', webhook_id,
           jsonb_build_object('applicationId', application_id, 'keyId', key_id, 'name', name)
      FROM wanted WHERE wants_limits AND limited
  ), noted AS (
    INSERT INTO webhook_notices (api_key_id, kind, about)
    SELECT key_id, kind, about FROM event ORDER BY key_id, kind ON CONFLICT DO NOTHING
    RETURNING api_key_id, kind
  )
  SELECT enqueue_webhooks(jsonb_agg(jsonb_build_object(
           'applicationId', application_id, 'type', type, 'subjectId', key_id, 'webhookId', webhook_id, 'data', data)))
    FROM event JOIN noted ON (noted.api_key_id, noted.kind) = (event.key_id, event.kind)
  HAVING count(*) > 0`;

/** What was seen of a key. */
interface Signal {
  readonly application_id: string;
  readonly key_id: string;
  limited: boolean;
}

/**
 * Tells receivers of keys whose credits run low, or that a rate limit has refused. It takes note of keys that pay or are
 * refused, in memory; what of it is worth telling the database decides, in one statement for all of them.
 */
@Injectable()
export class KeySignals extends PeriodicLook implements VerificationObserver {
  private signals = new Map<string, Signal>();
  private shares = new Map<string, number>();

  constructor(@InjectDataSource() dataSource: DataSource, observers: VerificationObservers) {
    super(dataSource, EVERY_MS);
    observers.subscribe(this);
  }

  observe({ verdict, record }: ObservedVerification): void {
    const isLimited = verdict.code === 'RATE_LIMITED';
    if (!isLimited && (verdict.usage?.keyRemaining ?? null) === null) return;
    const applicationId = record?.applicationId ?? null;
    if (record === null || applicationId === null) return;
    const { keyId } = record;
    const known = this.signals.get(keyId);
    if (known !== undefined) {
      if (isLimited) known.limited = true;
      return;
    }
    // What there is no room for is seen again when the key is.
    const share = this.shares.get(applicationId) ?? 0;
    if (share >= MAX_KEYS_OF_APPLICATION || this.signals.size >= MAX_KEYS) return;
    this.shares.set(applicationId, share + 1);
    this.signals.set(keyId, { application_id: applicationId, key_id: keyId, limited: isLimited });
  }

  protected async look(): Promise<void> {
    if (this.signals.size === 0) return;
    const seen = [...this.signals.values()];
    this.signals = new Map();
    this.shares = new Map();
    try {
      await this.pool.query({ name: 'note_key_signals', text: NOTE, values: [JSON.stringify(seen)] });
    } catch (error) {
      this.logger.warn(`What was seen of keys was not looked at: ${(error as Error).message}`);
    }
  }
}
