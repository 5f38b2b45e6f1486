import { Injectable, type OnModuleInit } from '@nestjs/common';
import { ABOUT_THE_CALLER, REQUIRED_SCOPES, RouteExplorer, type Route } from '../../auth/index.js';
import { ROUTE_PERMISSION, type RoutePermission } from './route-permission.js';

/**
 * Refuses to start with a route behind an access token that does not say what permission it requires of its caller in the
 * application it is about, or that it is about none. A scope is what somebody allowed their client to do; it opens
 * nobody else's application. Only what takes no scope and names nothing but what is the caller's own, `GET /auth/me` say,
 * need not declare it.
 */
@Injectable()
export class RoutePermissionCheck implements OnModuleInit {
  constructor(private readonly explorer: RouteExplorer) {}

  onModuleInit(): void {
    const undeclared = this.explorer.routes().filter((route) => !this.isDeclared(route));
    if (undeclared.length > 0) {
      throw new Error(
        `Routes need one of @ApplicationAccess(), @ApiKeyAccess(), @ForReceiver() and @NamesNoApplication(): ${undeclared
          .map(({ name }) => name)
          .join(', ')}`,
      );
    }
  }

  private isDeclared(route: Route): boolean {
    const scopes = this.explorer.metadataOf(REQUIRED_SCOPES, route) as string[] | undefined;
    // `@Public()`: another check sees to it that a route is either.
    if (scopes === undefined) return true;
    const permission = this.explorer.metadataOf(ROUTE_PERMISSION, route) as RoutePermission | undefined;
    const isAboutCaller = this.explorer.metadataOf(ABOUT_THE_CALLER, route) === true;
    const namesSomething = route.path.includes(':') && !isAboutCaller;
    if (namesSomething) return permission !== undefined && permission !== 'none';
    return permission !== undefined || scopes.length === 0;
  }
}
