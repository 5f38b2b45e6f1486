import { Injectable } from '@nestjs/common';
import { readPage, toPage, type Page } from '../../../shared/page.js';
import { DomainError } from '../../../shared/domain-error.js';
import { Freshness } from '../../freshness/index.js';
import type { AuditEntry } from '../domain/audit-entry.js';
import { AuditRepository, type AuditFilter, type AuditHead } from '../domain/audit.repository.js';
import { exportLine, ocsfLine } from '../domain/export-lines.js';
import { Checkpoints } from './checkpoints.js';

/** Events of one look at the database while they are exported. */
const BATCH = 200;

const SEQ = /^[1-9]\d{0,15}$/;

export type ExportFormat = 'chain' | 'ocsf';

/** Reads the audit trail. Who may is decided before it comes here. */
@Injectable()
export class AuditService {
  constructor(
    private readonly audit: AuditRepository,
    private readonly checkpoints: Checkpoints,
    private readonly freshness: Freshness,
  ) {}

  /**
   * Shows every event that was answered before. Throws `invalid_cursor`, `validation_failed` for a time range that ends
   * before it begins, and `service_unavailable` when nobody can tell what the last event is.
   */
  async list(
    chain: string,
    query: AuditFilter & { limit?: number; cursor?: string },
  ): Promise<Page<AuditEntry>> {
    const { limit: _limit, cursor: _cursor, ...filter } = query;
    if (filter.from !== undefined && filter.to !== undefined && filter.from >= filter.to) {
      const message = 'must be later than from';
      throw new DomainError('validation_failed', `to ${message}.`, { errors: [{ field: 'to', message }] });
    }
    const filters = {
      ...filter,
      from: filter.from?.toISOString(),
      to: filter.to?.toISOString(),
      audit: chain,
    };
    const page = readPage(query, filters, (text) => SEQ.test(text));
    const rows = await this.freshness.read((atLeast) => this.audit.list(chain, filter, page, atLeast));
    return toPage(
      rows.map((entry) => ({ ...entry, id: String(entry.seq) })),
      page.limit,
      filters,
    );
  }

  /**
   * The events of a chain up to the one that is its last now, as lines of JSON, some to each chunk. As a chain they are
   * whole: the checkpoints stand among them, and the last line says, signed, that it is the last.
   *
   * Throws `service_unavailable` when nobody can tell which that is.
   */
  async export(chain: string, format: ExportFormat): Promise<AsyncIterable<string>> {
    const head = await this.freshness.read((atLeast) => this.audit.latestHead(chain, atLeast));
    return this.linesUpTo(head, format);
  }

  /** The same of a database by itself, for whoever has chosen the server: no service has to run on it. */
  async exportAlone(chain: string, format: ExportFormat): Promise<AsyncIterable<string>> {
    return this.linesUpTo(await this.audit.head(chain), format);
  }

  /**
   * The events up to this one. Nothing is kept open while somebody reads: a slow reader holds no connection to the
   * database. So each look at it may be answered by another server. One that has fewer events ends all with
   * `service_unavailable`, and nothing says then that they are whole.
   */
  linesUpTo(head: AuditHead | null, format: ExportFormat): AsyncIterable<string> {
    if (head === null) return none();
    return format === 'ocsf'
      ? this.ocsfLines(head)
      : this.chainLines(head, this.checkpoints.endOfExport(head));
  }

  private async *chainLines(head: AuditHead, end: string | null): AsyncGenerator<string> {
    let after = 0;
    for await (const entries of this.batches(head)) {
      const last = entries.at(-1)?.seq ?? after;
      const signed = await this.audit.checkpoints(head.chain, { after, until: last });
      const lines = entries.map((entry) => ({ seq: entry.seq, line: exportLine(entry) }));
      const stamps = signed.map(({ seq, jws }) => ({ seq, line: JSON.stringify({ checkpoint: jws }) }));
      // A checkpoint stands behind the event that it covers: what is of one number keeps its order.
      const sorted = [...lines, ...stamps].sort((a, b) => a.seq - b.seq);
      yield sorted.map(({ line }) => `${line}\n`).join('');
      after = last;
    }
    if (end !== null) yield `${JSON.stringify({ end })}\n`;
  }

  private async *ocsfLines(head: AuditHead): AsyncGenerator<string> {
    for await (const entries of this.batches(head)) {
      yield entries.map((entry) => `${ocsfLine(entry)}\n`).join('');
    }
  }

  private async *batches({ chain, seq: until }: AuditHead): AsyncGenerator<AuditEntry[]> {
    let after = 0;
    while (after < until) {
      const entries = await this.audit.entries(chain, { after, until }, BATCH);
      const last = entries.at(-1)?.seq ?? after;
      if (entries.length < BATCH && last !== until) throw fewerEvents(chain, until);
      yield entries;
      after = last;
    }
  }
}

function fewerEvents(chain: string, until: number): DomainError {
  return new DomainError('service_unavailable', 'Try again in a moment.', {
    retryAfter: 1,
    cause: new Error(`The database answers without event ${until} of ${chain}, which it has shown before.`),
  });
}

async function* none(): AsyncGenerator<string> {
  // There is nothing to yield.
}
