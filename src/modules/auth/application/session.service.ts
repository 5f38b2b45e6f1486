import { Injectable } from '@nestjs/common';
import type { Actor } from '../../../shared/actor.js';
import { Clock } from '../../../shared/clock.js';
import { DomainError } from '../../../shared/domain-error.js';
import { readPage, toPage, type Page } from '../../../shared/page.js';
import { LOCAL_ISSUER, type Subject } from '../../../shared/subject.js';
import { UnitOfWork } from '../../../shared/unit-of-work.js';
import { Freshness } from '../../freshness/index.js';
import {
  RefreshTokenFamilyRepository,
  type WhichSessions,
} from '../domain/refresh-token-family.repository.js';
import type { Session } from '../domain/refresh-token-family.js';

/** Somebody's own logins. People of another issuer have none here. */
@Injectable()
export class SessionService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly families: RefreshTokenFamilyRepository,
    private readonly freshness: Freshness,
    private readonly clock: Clock,
  ) {}

  async list(person: Subject, query: { limit?: number; cursor?: string }): Promise<Page<Session>> {
    const filter = { sessions: person.subject };
    const page = readPage(query, filter);
    if (person.issuer !== LOCAL_ISSUER) return toPage<Session>([], page.limit, filter);
    const now = this.clock.now();
    const found = await this.freshness.read((atLeast) =>
      this.families.listOf(person.subject, page, now, atLeast),
    );
    return toPage(found, page.limit, filter);
  }

  /** Throws `session_not_found`, also for somebody else's. */
  async end(actor: Actor, id: string): Promise<void> {
    if ((await this.endSome(actor, { only: id })) > 0) return;
    // Only now: it may answer the repetition of a call that could not wait, and promises what that one would have.
    throw new DomainError(
      'session_not_found',
      'You have no session of this id, or it has ended: list yours with GET /auth/sessions.',
    );
  }

  /** Ends all but one; all, if that one is not known. */
  async endOthers(actor: Actor, current: string | null): Promise<void> {
    await this.endSome(actor, { except: current });
  }

  /** When it resolves, no node accepts their access tokens any more. */
  private async endSome(actor: Actor, which: WhichSessions): Promise<number> {
    if (actor.issuer !== LOCAL_ISSUER) return 0;
    const { value, change } = await this.unitOfWork.run(actor, (tx) =>
      this.families.endOf(actor.subject, which, tx),
    );
    await this.freshness.waitForPropagation(change);
    return value;
  }
}
