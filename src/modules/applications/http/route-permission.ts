import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';
import { ApiProblems } from '../../../shared/http/api-problems.decorator.js';
import { rolesWithPermission, type Permission } from '../domain/role.js';

/**
 * What permission a route requires of its caller in the application it is about; `receiver` when it is for whom the
 * offer that it names is made to, and `none` when it is about no application.
 */
export const ROUTE_PERMISSION = Symbol('RouteNeed');

export type RoutePermission = Permission | 'receiver' | 'none';

/**
 * Declares, and documents, what permission a route requires. It checks nothing: that is for the guard of the decorator that uses
 * it.
 */
export const DeclarePermission = (permission: Permission): MethodDecorator =>
  applyDecorators(
    SetMetadata(ROUTE_PERMISSION, permission satisfies RoutePermission),
    ApiExtension('x-roles', rolesWithPermission(permission)),
    ApiProblems('not_application_owner', 'insufficient_role'),
  );

/** Declares that a route names neither an application nor a key: it is about the caller alone. */
export const NamesNoApplication = (): MethodDecorator =>
  SetMetadata(ROUTE_PERMISSION, 'none' satisfies RoutePermission);

/** Declares that a route is for the receiver of the offer that it names, whatever they are in its application. */
export const ForReceiver = (): MethodDecorator =>
  applyDecorators(
    SetMetadata(ROUTE_PERMISSION, 'receiver' satisfies RoutePermission),
    ApiProblems('offer_not_found'),
  );
