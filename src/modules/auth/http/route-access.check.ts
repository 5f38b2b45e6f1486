import { Injectable, type OnModuleInit, type Type } from '@nestjs/common';
import { PATH_METADATA } from '@nestjs/common/constants.js';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import { IS_PUBLIC } from '../../../shared/http/public.decorator.js';
import { REQUIRED_SCOPES } from './require-scopes.decorator.js';

type Controller = NonNullable<ReturnType<DiscoveryService['getControllers']>[number]['metatype']>;

/** Refuses to start with a route that does not say who may call it: either `@Public()` or `@RequireScopes(…)`. */
@Injectable()
export class RouteAccessCheck implements OnModuleInit {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly reflector: Reflector,
  ) {}

  onModuleInit(): void {
    const undecided = this.discovery
      .getControllers()
      .flatMap(({ metatype }) => (metatype === null ? [] : this.undecidedRoutesOf(metatype)));
    if (undecided.length > 0) {
      throw new Error(`Routes need either @Public() or @RequireScopes(): ${undecided.join(', ')}`);
    }
  }

  private undecidedRoutesOf(controller: Controller): string[] {
    const prototype = controller.prototype as Record<string, () => unknown>;
    return this.scanner.getAllMethodNames(prototype).flatMap((name) => {
      const handler = prototype[name];
      const isRoute = handler !== undefined && Reflect.hasMetadata(PATH_METADATA, handler);
      return isRoute && !this.isDecided(handler, controller) ? [`${controller.name}.${name}`] : [];
    });
  }

  private isDecided(handler: () => unknown, controller: Controller): boolean {
    const [isPublic, scopes] = [IS_PUBLIC, REQUIRED_SCOPES].map((key) =>
      this.reflector.getAllAndOverride<unknown>(key, [handler, controller as Type]),
    );
    return (isPublic === undefined) !== (scopes === undefined);
  }
}
