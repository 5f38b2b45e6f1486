import { Injectable } from '@nestjs/common';
import type { Actor, Caller } from '../../../shared/actor.js';
import { Clock } from '../../../shared/clock.js';
import { DomainError } from '../../../shared/domain-error.js';
import { readPage, toPage, type Page } from '../../../shared/page.js';
import type { Transaction } from '../../../shared/transaction.js';
import { UnitOfWork } from '../../../shared/unit-of-work.js';
import { SubjectDirectory } from '../../auth/index.js';
import { Freshness } from '../../freshness/index.js';
import type { Application } from '../domain/application.js';
import { ApplicationQuotas } from '../domain/application-quotas.js';
import { ApplicationRepository } from '../domain/application.repository.js';
import { MemberRepository } from '../domain/member.repository.js';
import type { Members } from '../domain/members.js';
import { offerNotFound, type Offer } from '../domain/offer.js';
import { OfferRepository, type ListedOffer } from '../domain/offer.repository.js';
import { requirePermission } from '../domain/role.js';

/** What becomes of an offer. It is made by `MemberService`. */
@Injectable()
export class OfferService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly offers: OfferRepository,
    private readonly members: MemberRepository,
    private readonly applications: ApplicationRepository,
    private readonly directory: SubjectDirectory,
    private readonly quotas: ApplicationQuotas,
    private readonly freshness: Freshness,
    private readonly clock: Clock,
  ) {}

  /** Those to the caller. Throws `insufficient_role` for a service key: nobody offers a machine anything. */
  async listTo(caller: Caller, query: { limit?: number; cursor?: string }): Promise<Page<ListedOffer>> {
    if (caller.serviceOf !== undefined) requirePermission('service', 'read-offers');
    return this.list({ to: caller }, query, {});
  }

  listOf(applicationId: string, query: { limit?: number; cursor?: string }): Promise<Page<ListedOffer>> {
    return this.list({ applicationId }, query, { offers: applicationId });
  }

  /**
   * Resolves when it holds everywhere: verification may name another owner now. Throws what `Members.accept` and
   * `SubjectDirectory.keepActor` throw, and `application_limit_reached` for who would own too many.
   */
  accept(actor: Actor, id: string): Promise<Application> {
    return this.freshness.waitBeforeRefusing('offer_not_found', this.acceptOpen(actor, id));
  }

  /** Throws what `Members.decline` throws. */
  async decline(actor: Actor, id: string): Promise<void> {
    const now = this.clock.now();
    await this.unitOfWork.run(actor, async (tx) => {
      const { applicationId } = await this.findOwn(id, tx);
      await this.answer(applicationId, tx, (members) => {
        members.decline(id, actor, now);
      });
    });
  }

  /** Nobody can accept it once that is answered. Throws what `Members.withdraw` throws. */
  async withdraw(actor: Actor, applicationId: string, id: string): Promise<void> {
    const now = this.clock.now();
    await this.unitOfWork.run(actor, (tx) =>
      this.members.change(
        applicationId,
        (members) => {
          members.withdraw(id, actor, now);
        },
        tx,
      ),
    );
  }

  private async acceptOpen(actor: Actor, id: string): Promise<Application> {
    const now = this.clock.now();
    const { value, change } = await this.unitOfWork.run(actor, async (tx) => {
      await this.directory.keepActor(tx);
      const { applicationId, role } = await this.findOwn(id, tx);
      if (role === 'owner') {
        await this.applications.assertMayOwn(applicationId, this.quotas.maxApplicationsPerOwner, tx);
      }
      return this.answer(applicationId, tx, (members) => {
        members.accept(id, actor, now);
        return members.application;
      });
    });
    await this.freshness.waitForPropagation(change);
    return value;
  }

  /** An offer to the actor. Throws `offer_not_found`. */
  private async findOwn(id: string, tx: Transaction): Promise<Offer> {
    const offer = await this.offers.find(id, tx);
    if (offer?.isTo(tx.actor) !== true) throw offerNotFound();
    return offer;
  }

  /** Throws `offer_not_found` when the application was deleted meanwhile. */
  private async answer<T>(applicationId: string, tx: Transaction, work: (members: Members) => T): Promise<T> {
    try {
      return await this.members.change(applicationId, work, tx);
    } catch (error) {
      if (error instanceof DomainError && error.code === 'application_not_found') throw offerNotFound();
      throw error;
    }
  }

  private async list(
    of: Parameters<OfferRepository['list']>[0],
    query: { limit?: number; cursor?: string },
    filter: Record<string, string>,
  ): Promise<Page<ListedOffer>> {
    const page = readPage(query, filter);
    return toPage(await this.offers.list(of, page, this.clock.now()), page.limit, filter);
  }
}
