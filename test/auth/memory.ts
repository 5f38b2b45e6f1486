import { DomainError } from '../../src/shared/domain-error.js';
import { eventsOf } from '../../src/shared/domain-event.js';
import type { Transaction } from '../../src/shared/transaction.js';
import type { Dated } from '../../src/modules/freshness/index.js';
import { OneTimeTokenRepository } from '../../src/modules/auth/domain/one-time-token.repository.js';
import {
  invalidOneTimeToken,
  type OneTimeToken,
  type TokenPurpose,
} from '../../src/modules/auth/domain/one-time-token.js';
import { PasswordHasher, type PasswordHash } from '../../src/modules/auth/domain/password-hasher.js';
import { PasswordStrength } from '../../src/modules/auth/domain/password-strength.js';
import {
  RefreshTokenFamilyRepository,
  type WhichSessions,
} from '../../src/modules/auth/domain/refresh-token-family.repository.js';
import {
  RefreshToken,
  RefreshTokenFamily,
  type RotationVerdict,
  type Session,
} from '../../src/modules/auth/domain/refresh-token-family.js';
import { User } from '../../src/modules/auth/domain/user.js';
import { UserRepository } from '../../src/modules/auth/domain/user.repository.js';
import { MemoryUnitOfWork } from '../support/memory-unit-of-work.js';

/** As a repository reads it: another object each time. */
function copyOf<T extends object>(entity: T): T {
  return Object.assign(Object.create(Object.getPrototypeOf(entity) as object) as T, entity);
}

export class MemoryUsers extends UserRepository {
  readonly rows = new Map<string, User>();
  /** Called once, when a transaction is about to lock somebody: for what others do in between. */
  meanwhile: (() => void) | undefined;

  constructor(private readonly unitOfWork: MemoryUnitOfWork) {
    super();
  }

  /** Somebody who has registered before. */
  has(details: { id: string; email: string; password: string }): User {
    const { id, email, password } = details;
    const user = User.register(
      id,
      { email, name: null, password: { text: `hash of ${password}`, pepperVersion: 1 } },
      new Date(0),
    );
    this.rows.set(id, copyOf(user));
    return user;
  }

  add(user: User, tx: Transaction): Promise<void> {
    if ([...this.rows.values()].some(({ normalizedEmail }) => normalizedEmail === user.normalizedEmail)) {
      return Promise.reject(new DomainError('email_taken', 'Log in.'));
    }
    return this.write(user.id, user, tx);
  }

  find(id: string): Promise<User | undefined> {
    const row = this.rows.get(id);
    return Promise.resolve(row && copyOf(row));
  }

  findAll(ids: readonly string[]): Promise<User[]> {
    return Promise.resolve([...this.rows.values()].filter(({ id }) => ids.includes(id)).map(copyOf));
  }

  findByEmail(normalizedEmail: string): Promise<User | undefined> {
    const row = [...this.rows.values()].find((user) => user.normalizedEmail === normalizedEmail);
    return Promise.resolve(row && copyOf(row));
  }

  delete(user: User, tx: Transaction): Promise<void> {
    return this.write(user.id, undefined, tx, user);
  }

  lock(id: string): Promise<User | undefined> {
    const { meanwhile } = this;
    this.meanwhile = undefined;
    meanwhile?.();
    return this.find(id);
  }

  lockForDeletion(id: string): Promise<User | undefined> {
    return this.lock(id);
  }

  keep(id: string): Promise<boolean> {
    return Promise.resolve(this.rows.has(id));
  }

  update(user: User, tx: Transaction): Promise<void> {
    return this.write(user.id, user, tx);
  }

  highestHashCost(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  async replacePasswordHash(user: User, hash: PasswordHash, tx: Transaction): Promise<void> {
    const row = await this.find(user.id);
    if (row?.passwordHash !== user.passwordHash) return;
    row.passwordHash = hash.text;
    row.passwordPepperVersion = hash.pepperVersion;
    await this.write(row.id, row, tx);
  }

  private write(id: string, user: User | undefined, tx: Transaction, subject = user): Promise<void> {
    const before = this.rows.get(id);
    if (user === undefined) this.rows.delete(id);
    else this.rows.set(id, copyOf(user));
    this.unitOfWork.wrote(() => (before === undefined ? this.rows.delete(id) : this.rows.set(id, before)));
    if (subject !== undefined) tx.record(eventsOf(subject));
    return Promise.resolve();
  }
}

export class MemoryFamilies extends RefreshTokenFamilyRepository {
  /** In the order in which they began. */
  readonly rows: RefreshTokenFamily[] = [];
  private tokens: RefreshToken[] = [];

  constructor(private readonly unitOfWork: MemoryUnitOfWork) {
    super();
  }

  /** A login that goes on. */
  has(id: string, userId: string, tokenHash = Buffer.from(id)): RefreshTokenFamily {
    const family = RefreshTokenFamily.start(id, userId, ['apikeys:read'], new Date());
    const origin = { address: '192.0.2.9', requestId: 'earlier', userAgent: null };
    this.rows.push(copyOf(family));
    this.tokens.push(RefreshToken.issue(tokenHash, family, origin, new Date()));
    return family;
  }

  get ids(): string[] {
    return this.rows.map(({ id }) => id);
  }

  start(family: RefreshTokenFamily, first: RefreshToken, tx: Transaction): Promise<void> {
    this.rows.push(copyOf(family));
    this.tokens.push(first);
    this.unitOfWork.wrote(() => this.rows.splice(this.ids.indexOf(family.id), 1));
    tx.record(eventsOf(family));
    return Promise.resolve();
  }

  findByTokenHash(hash: Buffer): Promise<RefreshTokenFamily | undefined> {
    const token = this.tokens.find((one) => one.hash.equals(hash));
    const family = this.rows.find(({ id }) => id === token?.familyId);
    return Promise.resolve(family && copyOf(family));
  }

  exists(id: string): Promise<Dated<boolean>> {
    return Promise.resolve({ value: this.ids.includes(id), asOf: 0 });
  }

  listOf(userId: string, _page: unknown, now: Date): Promise<Dated<Session[]>> {
    const rows = this.rows.filter((family) => family.userId === userId && family.expiresAt > now);
    const sessions = rows.map(({ id, scopes, createdAt, expiresAt }) => ({
      id,
      scopes,
      createdAt,
      lastUsedAt: createdAt,
      expiresAt,
      address: null,
      userAgent: null,
    }));
    return Promise.resolve({ value: sessions, asOf: 0 });
  }

  async rotate(hash: Buffer, next: RefreshToken, tx: Transaction): Promise<RotationVerdict | undefined> {
    const token = this.tokens.find((one) => one.hash.equals(hash));
    const family = await this.findByTokenHash(hash);
    if (token === undefined || family === undefined) return undefined;
    const verdict = family.present(token, next.createdAt);
    tx.record(eventsOf(family));
    if (verdict === 'rotate') {
      this.tokens = this.tokens.map((one) =>
        one === token ? Object.assign(copyOf(one), { spentAt: next.createdAt }) : one,
      );
      this.tokens.push(next);
    } else {
      this.remove([family.id]);
    }
    return verdict;
  }

  end(family: RefreshTokenFamily, tx: Transaction): Promise<void> {
    if (this.remove([family.id]) > 0) tx.record(eventsOf(family));
    return Promise.resolve();
  }

  lockAllOf(userId: string): Promise<string[]> {
    return Promise.resolve(this.idsOf(userId));
  }

  endOf(userId: string, which: WhichSessions): Promise<number> {
    const ids = this.idsOf(userId);
    if ('only' in which) return Promise.resolve(this.remove(ids.filter((id) => id === which.only)));
    if ('except' in which) return Promise.resolve(this.remove(ids.filter((id) => id !== which.except)));
    return Promise.resolve(this.remove(ids.slice(0, Math.max(0, ids.length - which.beyond))));
  }

  purgeExpired(): Promise<number> {
    return Promise.resolve(0);
  }

  private idsOf(userId: string): string[] {
    return this.rows.filter((family) => family.userId === userId).map(({ id }) => id);
  }

  private remove(ids: readonly string[]): number {
    const before = [...this.rows];
    this.rows.splice(0, Infinity, ...before.filter(({ id }) => !ids.includes(id)));
    const count = before.length - this.rows.length;
    if (count > 0) this.unitOfWork.wrote(() => this.rows.splice(0, Infinity, ...before));
    return count;
  }
}

export class MemoryOneTimeTokens extends OneTimeTokenRepository {
  rows: OneTimeToken[] = [];

  constructor(private readonly unitOfWork: MemoryUnitOfWork) {
    super();
  }

  add(token: OneTimeToken, tx: Transaction): Promise<void> {
    const replaced = (one: OneTimeToken): boolean =>
      token.purpose === 'invitation' && one.purpose === 'invitation' && one.email === token.email;
    this.replace([...this.rows.filter((one) => !replaced(one)), token]);
    tx.record(eventsOf(token));
    return Promise.resolve();
  }

  find(hash: Buffer, purpose: TokenPurpose): Promise<OneTimeToken | undefined> {
    const row = this.rows.find((one) => one.hash.equals(hash) && one.purpose === purpose);
    return Promise.resolve(row && copyOf(row));
  }

  spend(token: OneTimeToken, tx: Transaction): Promise<void> {
    if (!this.rows.some(({ id }) => id === token.id)) return Promise.reject(invalidOneTimeToken());
    this.replace(this.rows.filter(({ id }) => id !== token.id));
    tx.record(eventsOf(token));
    return Promise.resolve();
  }

  spendAllOf(userId: string, purpose: TokenPurpose): Promise<void> {
    this.replace(this.rows.filter((one) => !(one.userId === userId && one.purpose === purpose)));
    return Promise.resolve();
  }

  purgeExpired(): Promise<number> {
    return Promise.resolve(0);
  }

  private replace(rows: OneTimeToken[]): void {
    const before = this.rows;
    this.rows = rows;
    this.unitOfWork.wrote(() => (this.rows = before));
  }
}

/** Hashes that can be read, under a pepper that the test may renew. */
export class PlainPasswords extends PasswordHasher {
  pepperVersion = 1;
  readonly verified: (PasswordHash | undefined)[] = [];

  hash(password: string): Promise<PasswordHash> {
    const { pepperVersion } = this;
    return Promise.resolve({
      text: `hash of ${password}${pepperVersion === 1 ? '' : ' renewed'}`,
      pepperVersion,
    });
  }

  verify(password: string, hash: PasswordHash | undefined): Promise<boolean> {
    this.verified.push(hash);
    return Promise.resolve(hash?.text.replace(' renewed', '') === `hash of ${password}`);
  }

  isOutdated(hash: PasswordHash): boolean {
    return hash.pepperVersion !== this.pepperVersion;
  }
}

/** Takes what has the word "weak", or one of the words about its owner, in it for guessable. */
export class StrengthByWords extends PasswordStrength {
  isGuessable(password: string, words: readonly string[]): Promise<boolean> {
    return Promise.resolve(['weak', ...words].some((word) => password.includes(word)));
  }
}
