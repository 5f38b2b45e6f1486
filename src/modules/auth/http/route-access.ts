import { Injectable, type ExecutionContext, type OnModuleInit } from '@nestjs/common';
import { IS_PUBLIC } from '../../../shared/http/public.decorator.js';
import type { Scope } from '../../../shared/scopes.js';
import { REQUIRED_SCOPES } from './require-scopes.decorator.js';
import { RouteExplorer, type Route } from './route-explorer.js';

/** Who may call a route: anybody, or whoever's token has all these scopes. */
export type Access = 'public' | readonly Scope[];

/**
 * What every route says of who may call it, by `@Public()` or `@RequireScopes(…)`. Read once, at the start,
 * which a route that says neither or both prevents; looking it up again costs a hot route next to nothing.
 */
@Injectable()
export class RouteAccess implements OnModuleInit {
  private readonly routes = new Map<Route['controller'], Map<Route['handler'], Access>>();

  constructor(private readonly explorer: RouteExplorer) {}

  onModuleInit(): void {
    const undecided: string[] = [];
    for (const route of this.explorer.routes()) {
      const { controller, handler, name } = route;
      const access = this.read(route);
      if (access === undefined) {
        undecided.push(name);
        continue;
      }
      const ofController = this.routes.get(controller) ?? new Map<Route['handler'], Access>();
      this.routes.set(controller, ofController.set(handler, access));
    }
    if (undecided.length > 0) {
      throw new Error(`Routes need either @Public() or @RequireScopes(): ${undecided.join(', ')}`);
    }
  }

  of(context: ExecutionContext): Access {
    const access = this.routes.get(context.getClass())?.get(context.getHandler());
    if (access === undefined) throw new Error(`${context.getHandler().name} was not there at the start`);
    return access;
  }

  private read(route: Route): Access | undefined {
    const isPublic = this.explorer.metadataOf(IS_PUBLIC, route) === true;
    const scopes = this.explorer.metadataOf(REQUIRED_SCOPES, route) as Scope[] | undefined;
    if (isPublic) return scopes === undefined ? 'public' : undefined;
    return scopes;
  }
}
