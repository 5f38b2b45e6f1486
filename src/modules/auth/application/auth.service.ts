import { Injectable, Logger } from '@nestjs/common';
import { uuidv7 } from 'uuidv7';
import { personActor, type Actor, type Origin } from '../../../shared/actor.js';
import { Clock } from '../../../shared/clock.js';
import { DomainError } from '../../../shared/domain-error.js';
import { SCOPES, type Scope } from '../../../shared/scopes.js';
import { LOCAL_ISSUER } from '../../../shared/subject.js';
import { OptimisticLockError, UnitOfWork, unlessStale } from '../../../shared/unit-of-work.js';
import { Freshness } from '../../freshness/index.js';
import { RefreshTokenFamilyRepository } from '../domain/refresh-token-family.repository.js';
import { MAX_SESSIONS, RefreshToken, RefreshTokenFamily } from '../domain/refresh-token-family.js';
import { RefreshTokenSecret } from '../domain/refresh-token-secret.js';
import { requestedScopes } from '../domain/requested-scopes.js';
import { User, normalizeEmail } from '../domain/user.js';
import { UserRepository } from '../domain/user.repository.js';
import { AccessTokenIssuer } from '../domain/access-token-issuer.js';
import { AttemptLimiter } from '../domain/attempt-limiter.js';
import { PasswordHasher } from '../domain/password-hasher.js';
import { AccountMails } from './account-mails.service.js';
import { Invitations } from './invitations.js';
import { NewPasswords } from './new-passwords.js';

/** The tokens of a person who has signed in. */
export interface SignedIn {
  user: User;
  accessToken: string;
  /** Seconds. */
  expiresIn: number;
  refreshToken: RefreshTokenSecret;
  scopes: readonly Scope[];
}

/** Signing up, in and out of the people who registered here. `origin` is where a call comes from. */
@Injectable()
export class AuthService {
  private readonly logger = new Logger(AuthService.name);

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly users: UserRepository,
    private readonly families: RefreshTokenFamilyRepository,
    private readonly passwords: PasswordHasher,
    private readonly newPasswords: NewPasswords,
    private readonly invitations: Invitations,
    private readonly mails: AccountMails,
    private readonly accessTokens: AccessTokenIssuer,
    private readonly limiter: AttemptLimiter,
    private readonly freshness: Freshness,
    private readonly clock: Clock,
  ) {}

  /**
   * Throws `invitation_required`, `invalid_one_time_token`, `weak_password`, `email_taken` and `too_many_requests`.
   */
  async register(
    details: { email: string; password: string; name?: string; invitation?: string },
    origin: Origin,
  ): Promise<SignedIn> {
    const { address } = origin;
    const email = normalizeEmail(details.email);
    const invitation = await this.invitations.check(details.invitation, email);
    // Whoever knows the email of somebody who was invited could use up its attempts: an invitation needs none.
    if (invitation === undefined) this.limiter.countAttempt('register', email, address);
    const person = { email: details.email, name: details.name ?? null };
    const party = this.limiter.partyOf(email, address);
    const password = await this.newPasswords.hash(details.password, person, party);
    const user = User.register(uuidv7(), { ...person, password }, this.clock.now());
    const session = this.newSession(user, [...SCOPES], origin);
    await this.unitOfWork.run(actorOf(user.id, origin), async (tx) => {
      await this.users.add(user, tx);
      await this.invitations.accept(invitation, user, tx);
      await this.families.start(session.family, session.first, tx);
    });
    this.limiter.recognize(email, address);
    this.mails.greet(user, origin);
    return this.tokensFor(user, session.family, session.secret);
  }

  /**
   * Ends the oldest session when there are too many: no node accepts its access tokens any more when it resolves. Throws
   * `invalid_scope`, `invalid_credentials`, `account_disabled` and `too_many_requests`.
   */
  async login(
    details: { email: string; password: string; scope?: string },
    origin: Origin,
  ): Promise<SignedIn> {
    const { address } = origin;
    const email = normalizeEmail(details.email);
    const scopes = requestedScopes(details.scope);
    this.limiter.countAttempt('login', email, address);
    const user = await this.users.findByEmail(email);
    const party = this.limiter.partyOf(email, address);
    const matches = await this.passwords.verify(details.password, user?.password, party);
    if (user === undefined || !matches) throw invalidCredentials();
    // Told to nobody but who knows the password.
    if (user.isDisabled) throw accountDisabled();
    this.limiter.forgive('login', email, address);
    this.limiter.recognize(email, address);
    const isOutdated = this.passwords.isOutdated(user.password);
    const renewed = isOutdated ? await this.passwords.hash(details.password, party) : undefined;
    const session = this.newSession(user, scopes, origin);
    const started = await unlessStale(
      this.unitOfWork.run(actorOf(user.id, origin), async (tx) => {
        const current = await this.users.lock(user.id, tx);
        // It is another since it was compared: changed, which has ended all sessions, or hashed anew.
        if (current?.passwordHash !== user.passwordHash) throw new OptimisticLockError();
        if (current.isDisabled) throw accountDisabled();
        if (renewed !== undefined) await this.users.replacePasswordHash(user, renewed, tx);
        await this.families.start(session.family, session.first, tx);
        return this.families.endOf(user.id, { beyond: MAX_SESSIONS }, tx);
      }),
    );
    if (started === null) return this.login(details, origin);
    if (started.value > 0) await this.freshness.waitForPropagation(started.change);
    return this.tokensFor(user, session.family, session.secret);
  }

  /** Throws `invalid_refresh_token` and `too_many_requests`. */
  async refresh(refreshToken: string, origin: Origin): Promise<SignedIn> {
    const shown = RefreshTokenSecret.parse(refreshToken)?.hash();
    if (shown === undefined) throw invalidRefreshToken();
    return this.freshness.waitBeforeRefusing('invalid_refresh_token', this.exchange(shown, origin));
  }

  /** Ends the login that a refresh token belongs to. When it resolves, no node accepts its access tokens any more. */
  async logout(refreshToken: string, origin: Origin): Promise<void> {
    const shown = RefreshTokenSecret.parse(refreshToken)?.hash();
    if (shown === undefined) return;
    const family = await this.families.findByTokenHash(shown);
    family?.end();
    const ended =
      family &&
      (await this.unitOfWork.run(actorOf(family.userId, origin), (tx) => this.families.end(family, tx)));
    // Where there is none, the call may repeat one that could not wait.
    await this.freshness.waitForPropagation(ended?.change ?? null);
  }

  /** The person that a local access token speaks for. Throws `invalid_token` when there is none any more. */
  async profileOf(userId: string): Promise<User> {
    const user = await this.users.find(userId);
    if (user === undefined) {
      throw new DomainError('invalid_token', 'The account of this access token does not exist any more.');
    }
    return user;
  }

  private async exchange(shown: Buffer, origin: Origin): Promise<SignedIn> {
    const family = await this.families.findByTokenHash(shown);
    if (family === undefined) throw invalidRefreshToken();
    const user = await this.users.find(family.userId);
    if (user === undefined) throw invalidRefreshToken();
    this.limiter.countAttempt('refresh', user.id, origin.address);

    const secret = RefreshTokenSecret.generate();
    const next = RefreshToken.issue(secret.hash(), family, origin, this.clock.now());
    const { value: verdict, change } = await this.unitOfWork.run(actorOf(user.id, origin), (tx) =>
      this.families.rotate(shown, next, tx),
    );
    if (verdict === 'reused') {
      this.logger.warn(`A spent refresh token of user ${user.id} was shown again: that login is ended`);
      await this.freshness.waitForPropagation(change);
    }
    if (verdict !== 'rotate') throw invalidRefreshToken();
    return this.tokensFor(user, family, secret);
  }

  private newSession(
    user: User,
    scopes: Scope[],
    origin: Origin,
  ): { family: RefreshTokenFamily; first: RefreshToken; secret: RefreshTokenSecret } {
    const now = this.clock.now();
    const secret = RefreshTokenSecret.generate();
    const family = RefreshTokenFamily.start(uuidv7(), user.id, scopes, now);
    return { family, first: RefreshToken.issue(secret.hash(), family, origin, now), secret };
  }

  private async tokensFor(
    user: User,
    session: RefreshTokenFamily,
    refreshToken: RefreshTokenSecret,
  ): Promise<SignedIn> {
    const { token, expiresIn } = await this.accessTokens.issue(session);
    return { user, accessToken: token, expiresIn, refreshToken, scopes: session.scopes };
  }
}

/** Somebody who registered here. They are known by their password or a refresh token; the access token comes after. */
function actorOf(userId: string, origin: Origin): Actor {
  return personActor({ issuer: LOCAL_ISSUER, subject: userId }, origin);
}

function invalidCredentials(): DomainError {
  return new DomainError('invalid_credentials', 'Check the email and the password, or register first.');
}

function accountDisabled(): DomainError {
  return new DomainError(
    'account_disabled',
    'Ask the operator of this service why your account is disabled.',
  );
}

function invalidRefreshToken(): DomainError {
  return new DomainError(
    'invalid_refresh_token',
    'Log in again: the refresh token is spent, expired or unknown.',
  );
}
