import { Module } from '@nestjs/common';
import { APP_GUARD, DiscoveryModule } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ENV, localAccountsOf, type Env } from '../../config/env.js';
import { Clock } from '../../shared/clock.js';
import { FreshnessModule } from '../freshness/index.js';
import { AccessTokenReader } from './application/access-token-reader.js';
import { AccountDeletionHooks } from './application/account-deletion-hooks.js';
import { AccountDeletionService } from './application/account-deletion.service.js';
import { AccessTokenIssuer } from './domain/access-token-issuer.js';
import { AccessTokenVerifier, TrustedIssuers } from './application/access-token-verifier.js';
import { AttemptLimiter } from './domain/attempt-limiter.js';
import { AccountAdministration } from './application/account-administration.service.js';
import { AccountMails } from './application/account-mails.service.js';
import { AuthService } from './application/auth.service.js';
import { FederatedSessionService } from './application/federated-session.service.js';
import { IdentityProvider } from './application/identity-provider.js';
import { LiveSessions } from './application/live-sessions.js';
import { Invitations, RegistrationPolicy } from './application/invitations.js';
import { MailQueue } from './application/mail-queue.js';
import { MailLinks, Mailer } from './application/mailer.js';
import { NewPasswords } from './application/new-passwords.js';
import { PasswordService } from './application/password.service.js';
import { PasswordHasher } from './domain/password-hasher.js';
import { PublishedKeys } from './application/published-keys.js';
import { RefusedSignInsRecorder } from './application/refused-sign-ins.js';
import { PasswordStrength } from './domain/password-strength.js';
import { ServiceKeyAuthentication } from './application/service-key-authentication.js';
import { Seal } from './application/seal.js';
import { SessionService } from './application/session.service.js';
import { SubjectDirectory } from './application/subject-directory.js';
import { OneTimeTokenRepository } from './domain/one-time-token.repository.js';
import { RefreshTokenFamilyRepository } from './domain/refresh-token-family.repository.js';
import { UserRepository } from './domain/user.repository.js';
import { FederatedSessionController } from './http/federated-session.controller.js';
import { JwksController } from './http/jwks.controller.js';
import { JwtAuthGuard } from './http/jwt-auth.guard.js';
import { JwtStrategy } from './http/jwt.strategy.js';
import { LimitManagementCallsGuard } from './http/limit-calls.guard.js';
import { MeController } from './http/me.controller.js';
import { RouteAccess } from './http/route-access.js';
import { RouteExplorer } from './http/route-explorer.js';
import { ScopeGuard } from './http/scope.guard.js';
import { VerifiedTokens } from './http/verified-tokens.js';
import { BcryptPasswordHasher } from './infrastructure/bcrypt-password-hasher.js';
import { ExpiredFamiliesPurge } from './infrastructure/expired-families.purge.js';
import { ExpiredTokensPurge } from './infrastructure/expired-tokens.purge.js';
import { JoseAccessTokenReader } from './infrastructure/jose-access-token-reader.js';
import { JweSeal } from './infrastructure/jwe-seal.js';
import { LocalKeys } from './infrastructure/local-keys.js';
import { LocalTokenIssuer } from './infrastructure/local-token-issuer.js';
import { MailMetrics } from './infrastructure/mail-metrics.js';
import { MemoryAttemptLimiter } from './infrastructure/memory-attempt-limiter.js';
import {
  refreshTokenFamilySchema,
  refreshTokenSchema,
} from './infrastructure/refresh-token-family.schema.js';
import { oneTimeTokenSchema } from './infrastructure/one-time-token.schema.js';
import { NoProvider, OpenIdProvider } from './infrastructure/openid-provider.js';
import { PasswordPeppers } from './infrastructure/password-peppers.js';
import { NoMailer, SmtpMailer } from './infrastructure/smtp-mailer.js';
import { trustedIssuers } from './infrastructure/trusted-issuers.js';
import { TypeOrmOneTimeTokenRepository } from './infrastructure/typeorm-one-time-token.repository.js';
import { TypeOrmRefreshTokenFamilyRepository } from './infrastructure/typeorm-refresh-token-family.repository.js';
import { TypeOrmUserRepository } from './infrastructure/typeorm-user.repository.js';
import { userSchema } from './infrastructure/user.schema.js';
import { ZxcvbnPasswordStrength } from './infrastructure/zxcvbn-password-strength.js';

@Module({
  imports: [
    DiscoveryModule,
    FreshnessModule,
    TypeOrmModule.forFeature([userSchema, refreshTokenFamilySchema, refreshTokenSchema, oneTimeTokenSchema]),
  ],
  controllers: [MeController, JwksController, FederatedSessionController],
  providers: [
    AuthService,
    NewPasswords,
    SessionService,
    FederatedSessionService,
    AccountDeletionService,
    AccountDeletionHooks,
    LiveSessions,
    Invitations,
    PasswordService,
    AccountAdministration,
    AccountMails,
    MailQueue,
    MailMetrics,
    AccessTokenVerifier,
    JwtStrategy,
    VerifiedTokens,
    SubjectDirectory,
    PublishedKeys,
    RefusedSignInsRecorder,
    ServiceKeyAuthentication,
    RouteExplorer,
    RouteAccess,
    ExpiredFamiliesPurge,
    ExpiredTokensPurge,
    // The order is the order they run in: who is calling, then what they may do.
    { provide: APP_GUARD, useClass: JwtAuthGuard },
    { provide: APP_GUARD, useClass: LimitManagementCallsGuard },
    { provide: APP_GUARD, useClass: ScopeGuard },
    { provide: UserRepository, useClass: TypeOrmUserRepository },
    { provide: OneTimeTokenRepository, useClass: TypeOrmOneTimeTokenRepository },
    { provide: RefreshTokenFamilyRepository, useClass: TypeOrmRefreshTokenFamilyRepository },
    { provide: LocalKeys, inject: [ENV], useFactory: localKeys },
    { provide: TrustedIssuers, inject: [ENV, LocalKeys, Clock], useFactory: trustedIssuers },
    {
      provide: AccessTokenIssuer,
      inject: [ENV, LocalKeys, Clock],
      useFactory: (env: Env, keys: LocalKeys, clock: Clock) =>
        new LocalTokenIssuer(
          keys,
          {
            issuer: env.JWT_ISSUER,
            audience: env.JWT_AUDIENCE,
            lifetimeSeconds: env.JWT_ACCESS_TTL_SECONDS,
          },
          clock,
        ),
    },
    {
      provide: PasswordHasher,
      inject: [ENV, UserRepository],
      useFactory: async (env: Env, users: UserRepository) =>
        new BcryptPasswordHasher(
          new PasswordPeppers(env.API_KEY_PEPPERS ?? [], env.API_KEY_PEPPER_VERSION),
          env.BCRYPT_COST,
          await users.highestHashCost(),
        ),
    },
    { provide: IdentityProvider, inject: [ENV, Clock], useFactory: identityProvider },
    {
      provide: Seal,
      inject: [ENV, Clock],
      useFactory: (env: Env, clock: Clock) =>
        new JweSeal(env.API_KEY_PEPPERS ?? [], clock, env.API_KEY_PEPPER_VERSION),
    },
    {
      provide: AccessTokenReader,
      inject: [AccessTokenVerifier],
      useFactory: (verifier: AccessTokenVerifier) => new JoseAccessTokenReader(verifier),
    },
    {
      provide: PasswordStrength,
      // The hasher has asked the database: a connection that is being made would run into its time-out meanwhile.
      inject: [ENV, PasswordHasher],
      useFactory: (env: Env) => {
        const strength = new ZxcvbnPasswordStrength();
        return localAccountsOf(env) === 'off' ? strength : strength.load();
      },
    },
    {
      provide: Mailer,
      inject: [ENV],
      useFactory: ({ SMTP_URL: url, MAIL_FROM: from = '' }: Env) =>
        url === undefined ? new NoMailer() : new SmtpMailer(url, from),
    },
    {
      provide: MailLinks,
      inject: [ENV],
      useFactory: (env: Env) => new MailLinks(env.MAIL_LINK_URL ?? null),
    },
    {
      provide: RegistrationPolicy,
      inject: [ENV],
      useFactory: (env: Env) => new RegistrationPolicy(localAccountsOf(env) === 'invite'),
    },
    {
      provide: AttemptLimiter,
      inject: [ENV, Clock],
      useFactory: (env: Env, clock: Clock) =>
        new MemoryAttemptLimiter(
          {
            windowSeconds: env.AUTH_RATE_LIMIT_WINDOW_SECONDS,
            perAddress: env.AUTH_RATE_LIMIT_PER_ADDRESS,
            perAccount: env.AUTH_RATE_LIMIT_PER_ACCOUNT,
            refreshPerAccount: env.AUTH_RATE_LIMIT_REFRESH_PER_ACCOUNT,
            mailsPerAccount: env.AUTH_RATE_LIMIT_MAILS_PER_ACCOUNT,
            mailsPerAccountAndDay: env.AUTH_RATE_LIMIT_MAILS_PER_ACCOUNT_AND_DAY,
            managementPerMinute: env.MANAGEMENT_CALLS_PER_MINUTE,
          },
          clock,
        ),
    },
  ],
  exports: [
    AccountDeletionHooks,
    AccountDeletionService,
    AccountMails,
    AttemptLimiter,
    AuthService,
    PasswordService,
    PublishedKeys,
    RouteExplorer,
    ServiceKeyAuthentication,
    SessionService,
    SubjectDirectory,
  ],
})
export class AuthModule {}

function identityProvider(env: Env, clock: Clock): IdentityProvider {
  const { DASHBOARD_OIDC_ISSUER: issuer, DASHBOARD_OIDC_CLIENT_ID: clientId } = env;
  if (issuer === undefined || clientId === undefined) return new NoProvider();
  return new OpenIdProvider(
    {
      issuer,
      clientId,
      clientSecret: env.DASHBOARD_OIDC_CLIENT_SECRET,
      scopes: env.DASHBOARD_OIDC_SCOPES,
      parameters: env.DASHBOARD_OIDC_PARAMETERS ?? {},
    },
    clock,
  );
}

function localKeys(env: Env): LocalKeys {
  if (env.JWT_SIGNING_KEY === undefined) throw new Error('JWT_SIGNING_KEY is missing');
  return new LocalKeys(env.JWT_SIGNING_KEY, env.JWT_PREVIOUS_KEYS ?? []);
}
