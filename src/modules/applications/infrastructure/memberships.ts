import { IS_REPLICATED, BARRIER, commitStatement } from '../../../infrastructure/database/commit.js';
import type { Columns } from '../../../infrastructure/database/columns.js';
import type { ConnectionPool } from '../../../infrastructure/database/connection-pool.js';
import { Batcher } from '../../../shared/concurrency/batcher.js';
import type { Subject } from '../../../shared/subject.js';
import type { Dated } from '../../freshness/index.js';
import type { Application } from '../domain/application.js';
import type { ApplicationMembership } from '../domain/application.repository.js';
import type { Role } from '../domain/role.js';

/** Look-ups that are made at once share one statement: every management call begins with one. */
const BATCHES = { maxBatches: 2, maxCalls: 100 };

interface LookUp {
  readonly applicationId: string;
  readonly who: Subject;
  /** The number of the last change that the answer has to show. */
  readonly atLeast: number;
}

/** The columns of an application, all null where there is none, with the last change that the snapshot shows. */
interface MembershipRow extends Record<string, unknown> {
  asOf: number;
  isReplicated: boolean;
  id: string | null;
  role: Role | null;
}

/** Finds applications, and somebody's role in each. */
export class Memberships {
  private readonly lookUps = new Batcher((lookUps: readonly LookUp[]) => this.findAll(lookUps), BATCHES);
  private readonly select: string;
  private partition = 0;

  constructor(
    private readonly pool: ConnectionPool,
    private readonly columns: Columns<Application>,
  ) {
    this.select = `
      SELECT counter.number::float8 AS "asOf", ${IS_REPLICATED} AS "isReplicated",
             ${columns.namesIn('application')}, member.role
        FROM key_change_counter counter
       CROSS JOIN unnest($1::uuid[], $2::text[], $3::text[])
             WITH ORDINALITY asked (application_id, issuer, subject, place)
        LEFT JOIN applications application
          ON application.id = asked.application_id AND application.deleted_at IS NULL
        LEFT JOIN application_members member
          ON member.application_id = application.id
             AND member.issuer = asked.issuer AND member.subject = asked.subject
       ORDER BY asked.place`;
  }

  /** Lets go of connections that show less than `atLeast`. `who` was checked where it came from: it fails nobody else's. */
  async find(
    applicationId: string,
    who: Subject,
    atLeast: number,
  ): Promise<Dated<ApplicationMembership | null>> {
    this.partition += 1;
    const row = await this.lookUps.call(String(this.partition), { applicationId, who, atLeast });
    const value = row.id === null ? null : { application: this.columns.entityOf(row), role: row.role };
    return { value, asOf: row.asOf };
  }

  private async findAll(lookUps: readonly LookUp[]): Promise<MembershipRow[]> {
    const values = [
      lookUps.map(({ applicationId }) => applicationId),
      lookUps.map(({ who }) => who.issuer),
      lookUps.map(({ who }) => who.subject),
    ];
    const { rows } = await this.pool.query<MembershipRow>({
      name: 'applications_and_roles',
      text: this.select,
      values,
    });
    const [first] = rows;
    if (first === undefined || rows.length !== lookUps.length)
      throw new Error('key_change_counter has lost its row');
    if (first.asOf < Math.max(...lookUps.map(({ atLeast }) => atLeast))) this.pool.distrust();
    if (!first.isReplicated || rows.every(({ role }) => role !== null)) return rows;
    // A new application, or a new member, takes no number: a server that was left behind may show all there are.
    const text = this.select.replace('SELECT', `SELECT ${BARRIER},`);
    return (await commitStatement<MembershipRow>(this.pool, text, values)).value;
  }
}
