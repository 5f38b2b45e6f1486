import { Injectable, RequestMethod, type ExecutionContext, type Type } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';

/** One handler of a controller, which answers one method on one path. */
export interface Route {
  /** `Controller.handler`, for messages. */
  name: string;
  /** `GET`. */
  method: string;
  /** `/applications/:id`. */
  path: string;
  handler: ReturnType<ExecutionContext['getHandler']>;
  controller: Type;
}

/** Every route there is, for the checks that each of them says who may call it. */
@Injectable()
export class RouteExplorer {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly reflector: Reflector,
  ) {}

  routes(): Route[] {
    return this.discovery
      .getControllers()
      .flatMap(({ metatype }) => (metatype === null ? [] : this.routesOf(metatype as Type)));
  }

  /** What a decorator of the route, or else of its controller, has said. */
  metadataOf(key: symbol, { handler, controller }: Route): unknown {
    return this.reflector.getAllAndOverride<unknown>(key, [handler, controller]);
  }

  private routesOf(controller: Type): Route[] {
    const prototype = controller.prototype as Record<string, Route['handler']>;
    const prefix = this.reflector.get<string>(PATH_METADATA, controller);
    return this.scanner.getAllMethodNames(prototype).flatMap((name) => {
      const handler = prototype[name];
      if (handler === undefined || !Reflect.hasMetadata(PATH_METADATA, handler)) return [];
      const path = [prefix, this.reflector.get<string>(PATH_METADATA, handler)].join('/').split('/');
      return [
        {
          name: `${controller.name}.${name}`,
          method: RequestMethod[this.reflector.get<RequestMethod>(METHOD_METADATA, handler)],
          path: `/${path.filter((segment) => segment !== '').join('/')}`,
          handler,
          controller,
        },
      ];
    });
  }
}
