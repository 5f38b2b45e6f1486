import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';
import { ApiProblems } from '../../../shared/http/api-problems.decorator.js';
import { rolesThatMeet, type Need } from '../domain/role.js';

/** What a route needs of its caller in the application it is about; `none` when it is about no application. */
export const ROUTE_NEED = Symbol('RouteNeed');

export type RouteNeed = Need | 'none';

/**
 * Declares, and documents, what a route needs. It checks nothing: that is for the guard of the decorator that uses
 * it.
 */
export const DeclareNeed = (need: Need): MethodDecorator =>
  applyDecorators(
    SetMetadata(ROUTE_NEED, need satisfies RouteNeed),
    ApiExtension('x-roles', rolesThatMeet(need)),
    ApiProblems('not_application_owner', 'insufficient_role'),
  );

/** Declares that a route names neither an application nor a key: it is about the caller alone. */
export const NamesNoApplication = (): MethodDecorator => SetMetadata(ROUTE_NEED, 'none' satisfies RouteNeed);
