import { SetMetadata, type CustomDecorator } from '@nestjs/common';
import type { Scope } from '../../../shared/scopes.js';

export const REQUIRED_SCOPES = Symbol('RequiredScopes');

/** The scopes an access token needs for a route, all of them. */
export const RequireScopes = (...scopes: Scope[]): CustomDecorator<symbol> =>
  SetMetadata(REQUIRED_SCOPES, scopes);
