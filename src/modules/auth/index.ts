export { AuthModule } from './auth.module.js';
export { type Principal } from './domain/principal.js';
export { CurrentPrincipal, type AuthenticatedRequest } from './http/current-principal.decorator.js';
export { Public } from '../../shared/http/public.decorator.js';
export { RequireScopes } from './http/require-scopes.decorator.js';
