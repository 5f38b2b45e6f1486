import { EntitySchema } from 'typeorm';
import type { SealedAnswer } from '../domain/answer-seal.js';

interface AnswerRow extends SealedAnswer {
  expiresAt: Date;
}

export const idempotentAnswerSchema = new EntitySchema<AnswerRow>({
  name: 'IdempotentAnswer',
  tableName: 'idempotent_answers',
  columns: {
    id: { type: 'bytea', primary: true },
    sealed: { type: 'bytea' },
    pepperVersion: { type: 'smallint', name: 'pepper_version' },
    expiresAt: { type: 'timestamptz', precision: 3, name: 'expires_at' },
  },
  checks: [
    { name: 'idempotent_answers_id_length', expression: 'octet_length(id) = 32' },
    { name: 'idempotent_answers_sealed_length', expression: 'octet_length(sealed) BETWEEN 44 AND 4096' },
  ],
  indices: [{ name: 'idempotent_answers_by_expiry', columns: ['expiresAt'], synchronize: false }],
});
