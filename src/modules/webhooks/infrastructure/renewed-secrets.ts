import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { WebhookSecretSeal, type SealedSecret } from '../domain/webhook-secret.js';
import { PeriodicLook } from './periodic-look.js';

const EVERY_MS = 600_000;

/** Webhooks of one statement. */
const BATCH = 100;

const FIRST = '00000000-0000-0000-0000-000000000000';

/** A former secret that signs no more is of no use to anybody. */
const FORGET = `
  UPDATE webhooks SET previous_secret = NULL, previous_pepper = NULL, previous_until = NULL
   WHERE previous_until < now()`;

const OLDER = `
  SELECT id, secret, secret_pepper AS pepper, previous_secret AS "previousSecret",
         previous_pepper AS "previousPepper"
    FROM webhooks
   WHERE id > $1 AND mails_to IS NULL AND deleted_at IS NULL AND (secret_pepper < $2 OR previous_pepper < $2)
   ORDER BY id LIMIT ${BATCH}`;

/** Unless it was rotated meanwhile. */
const RENEW = `
  UPDATE webhooks SET secret = $4, secret_pepper = $5, previous_secret = $6, previous_pepper = $7
   WHERE id = $1 AND secret = $2 AND previous_secret IS NOT DISTINCT FROM $3`;

interface Row {
  readonly id: string;
  readonly secret: Buffer;
  readonly pepper: number;
  readonly previousSecret: Buffer | null;
  readonly previousPepper: number | null;
}

/** Seals the secrets of older peppers under the one that is in use, so that the older ones can be dropped. */
@Injectable()
export class RenewedSecrets extends PeriodicLook {
  constructor(
    @InjectDataSource() dataSource: DataSource,
    private readonly seal: WebhookSecretSeal,
  ) {
    super(dataSource, EVERY_MS);
  }

  protected async look(): Promise<void> {
    try {
      await this.pool.query(FORGET);
      let left = 0;
      let after: string | undefined = FIRST;
      while (after !== undefined && !this.isStopped) {
        const { rows }: { rows: Row[] } = await this.pool.query<Row>(OLDER, [after, this.seal.version]);
        for (const row of rows) left += (await this.renew(row)) ? 0 : 1;
        after = rows[BATCH - 1]?.id;
      }
      if (left > 0) {
        this.logger.warn(`Secrets of webhooks cannot be opened, for want of their peppers: ${left}`);
      }
    } catch (error) {
      this.logger.warn(`Secrets of webhooks were not sealed anew: ${(error as Error).message}`);
    }
  }

  /** Returns whether its secrets could be opened. */
  private async renew({ id, secret, pepper, previousSecret, previousPepper }: Row): Promise<boolean> {
    let now: SealedSecret;
    let before: SealedSecret | null;
    try {
      now = this.renewed({ sealed: secret, pepperVersion: pepper }, id);
      before =
        previousSecret === null || previousPepper === null
          ? null
          : this.renewed({ sealed: previousSecret, pepperVersion: previousPepper }, id);
    } catch {
      return false;
    }
    await this.pool.query(RENEW, [
      id,
      secret,
      previousSecret,
      now.sealed,
      now.pepperVersion,
      before?.sealed ?? null,
      before?.pepperVersion ?? null,
    ]);
    return true;
  }

  private renewed(secret: SealedSecret, webhookId: string): SealedSecret {
    return this.seal.renew(secret, webhookId) ?? secret;
  }
}
