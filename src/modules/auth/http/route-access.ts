import { Injectable, type ExecutionContext, type OnModuleInit, type Type } from '@nestjs/common';
import { PATH_METADATA } from '@nestjs/common/constants.js';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import type { Scope } from '../../../shared/scopes.js';
import { IS_PUBLIC } from '../../../shared/http/public.decorator.js';
import { REQUIRED_SCOPES } from './require-scopes.decorator.js';

/** Who may call a route: anybody, or whoever's token has all these scopes. */
export type Access = 'public' | readonly Scope[];

type Handler = ReturnType<ExecutionContext['getHandler']>;
type Controller = NonNullable<ReturnType<DiscoveryService['getControllers']>[number]['metatype']>;

/**
 * What every route says of who may call it, by `@Public()` or `@RequireScopes(…)`. Read once, at the start,
 * which a route that says neither or both prevents; looking it up again costs a hot route next to nothing.
 */
@Injectable()
export class RouteAccess implements OnModuleInit {
  private readonly routes = new Map<Controller, Map<Handler, Access>>();

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly reflector: Reflector,
  ) {}

  onModuleInit(): void {
    const undecided: string[] = [];
    for (const { metatype } of this.discovery.getControllers()) {
      if (metatype === null) continue;
      const accesses = new Map<Handler, Access>();
      for (const handler of this.handlersOf(metatype)) {
        const access = this.read(handler, metatype);
        if (access === undefined) undecided.push(`${metatype.name}.${handler.name}`);
        else accesses.set(handler, access);
      }
      this.routes.set(metatype, accesses);
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

  private handlersOf(controller: Controller): Handler[] {
    const prototype = controller.prototype as Record<string, Handler>;
    return this.scanner
      .getAllMethodNames(prototype)
      .flatMap((name) => prototype[name] ?? [])
      .filter((handler) => Reflect.hasMetadata(PATH_METADATA, handler));
  }

  private read(handler: Handler, controller: Controller): Access | undefined {
    const targets = [handler, controller as Type];
    const isPublic = this.reflector.getAllAndOverride<true | undefined>(IS_PUBLIC, targets);
    const scopes = this.reflector.getAllAndOverride<Scope[] | undefined>(REQUIRED_SCOPES, targets);
    if (isPublic === true) return scopes === undefined ? 'public' : undefined;
    return scopes;
  }
}
