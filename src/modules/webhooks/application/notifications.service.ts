import { Injectable } from '@nestjs/common';
import type { Actor } from '../../../shared/actor.js';
import { DomainError } from '../../../shared/domain-error.js';
import { LOCAL_ISSUER, type Subject } from '../../../shared/subject.js';
import { UnitOfWork } from '../../../shared/unit-of-work.js';
import { ApplicationService } from '../../applications/index.js';
import { AccountMails, SubjectDirectory } from '../../auth/index.js';
import { Freshness } from '../../freshness/index.js';
import { MailSubscriptions } from './mail-subscriptions.js';

/** Whether people are mailed of expiring and leaked keys, which each says for themselves. */
@Injectable()
export class NotificationsService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly subscriptions: MailSubscriptions,
    private readonly applications: ApplicationService,
    private readonly directory: SubjectDirectory,
    private readonly mails: AccountMails,
    private readonly freshness: Freshness,
  ) {}

  /** Nobody of another issuer is: there is no address of theirs here. */
  async isMailed({ issuer, subject }: Subject, applicationId: string): Promise<boolean> {
    if (issuer !== LOCAL_ISSUER) return false;
    return this.freshness.read((atLeast) => this.subscriptions.has(applicationId, subject, atLeast));
  }

  /** Whether the service sends any mails. */
  get isAvailable(): boolean {
    return this.mails.isAvailable;
  }

  /** It counts from when mails are sent, if they are not yet. Throws `user_not_found` for people of another issuer. */
  async setMailed(actor: Actor, applicationId: string, isWanted: boolean): Promise<void> {
    if (actor.issuer !== LOCAL_ISSUER) {
      throw new DomainError('user_not_found', 'This service keeps no email of yours: you log in elsewhere.');
    }
    await this.unitOfWork.run(actor, async (tx) => {
      await this.directory.keepActor(tx);
      if (await this.subscriptions.set(applicationId, actor.subject, isWanted, tx)) {
        const target = { kind: 'user', id: actor.subject } as const;
        const before = { mail: !isWanted };
        const after = { mail: isWanted };
        tx.record([{ name: 'NotificationsChanged', applicationId, target, before, after }]);
      }
      await this.applications.assertStillPermitted(applicationId, 'manage-webhooks', tx);
    });
  }
}
