export { membersLock } from './infrastructure/members-lock.js';
export { ApplicationsModule } from './applications.module.js';
export { ActingServiceKeys, type ServiceKeyKeeper } from './application/acting-service-keys.js';
export { KeysOfMembers, type KeysOfMembersKeeper, type SomeRevoked } from './application/keys-of-members.js';
export {
  ApplicationDeletionHooks,
  type ApplicationDeletionHook,
} from './application/application-deletion-hooks.js';
export { ApplicationService } from './application/application.service.js';
export { type Application } from './domain/application.js';
export {
  brokenRules,
  DEFAULT_POLICY,
  MAX_POLICY_DAYS,
  newlyBrokenRules,
  policyErrors,
  policyViolation,
  refuseBroken,
  refuseLongOverlap,
  ON_LEAK,
  POLICY_RULES,
  type KeyPolicy,
  type KeyPolicyChanges,
  type OnLeak,
  type PolicyKey,
  type PolicyRule,
} from './domain/key-policy.js';
export { rolesWithPermission, type Permission } from './domain/role.js';
export {
  ApplicationAccess,
  CurrentApplication,
  type ApplicationRequest,
} from './http/application-access.guard.js';
export { APPLICATION_ID_IN_PATH } from './http/applications.docs.js';
export {
  DeclarePermission,
  NamesNoApplication,
  ROUTE_PERMISSION,
  type RoutePermission,
} from './http/route-permission.js';
