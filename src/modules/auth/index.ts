export { AuthModule } from './auth.module.js';
export { LocalAccountsModule } from './local-accounts.module.js';
export { AccountAdministration } from './application/account-administration.service.js';
export { AuthService } from './application/auth.service.js';
export { AccountMails } from './application/account-mails.service.js';
export { AccountDeletionHooks, type AccountDeletionHook } from './application/account-deletion-hooks.js';
export {
  isMeantAsServiceKey,
  ServiceKeyAuthentication,
  type ServiceKeyAuthenticator,
} from './application/service-key-authentication.js';
export { PublishedKeys } from './application/published-keys.js';
export { type Principal } from './domain/principal.js';
export { SubjectDirectory, type KnownAccount } from './application/subject-directory.js';
export { ABOUT_THE_CALLER } from './http/about-the-caller.decorator.js';
export { CurrentActor, CurrentOrigin } from './http/current-actor.decorator.js';
export { type AuthenticatedRequest } from './http/current-principal.decorator.js';
export { Public } from '../../shared/http/public.decorator.js';
export { LimitCalls } from './http/limit-calls.guard.js';
export { REQUIRED_SCOPES, RequireScopes } from './http/require-scopes.decorator.js';
export { RouteExplorer, type Route } from './http/route-explorer.js';
