export { ApplicationsModule } from './applications.module.js';
export { ApplicationDependants, type ApplicationDependant } from './application/application-dependants.js';
export { ApplicationService } from './application/application.service.js';
export { type Application } from './domain/application.js';
export { rolesThatMeet, type Need } from './domain/role.js';
export {
  ApplicationAccess,
  CurrentApplication,
  type ApplicationRequest,
} from './http/application-access.guard.js';
export { DeclareNeed, NamesNoApplication, ROUTE_NEED, type RouteNeed } from './http/route-need.js';
