export { ApplicationsModule } from './applications.module.js';
export { ApplicationDependants, type ApplicationDependant } from './application/application-dependants.js';
export { ApplicationService } from './application/application.service.js';
export { type Application } from './domain/application.js';
export {
  ApplicationOwnershipGuard,
  CurrentApplication,
  OwnedApplication,
  assertOwner,
} from './http/application-ownership.guard.js';
