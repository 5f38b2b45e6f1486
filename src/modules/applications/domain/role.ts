import { DomainError } from '../../../shared/domain-error.js';

export const ROLES = ['owner', 'admin', 'viewer'] as const;
export type Role = (typeof ROLES)[number];

/** The one table of who may what: the permissions that routes and changes require, and the roles that have them. */
const ROLES_BY_PERMISSION = {
  /** Seeing the application, its members and its keys (never their secrets). */
  read: ['owner', 'admin', 'viewer'],
  /** Issuing, changing, rotating and revoking keys, and all that restricts them. */
  'manage-keys': ['owner', 'admin'],
  /** Changing and deleting the application. */
  'manage-application': ['owner'],
  /** Letting people in, changing what they may, taking them out, handing the ownership on. */
  'manage-members': ['owner'],
} as const satisfies Record<string, readonly Role[]>;

export type Permission = keyof typeof ROLES_BY_PERMISSION;

export function rolesWithPermission(permission: Permission): readonly Role[] {
  return ROLES_BY_PERMISSION[permission];
}

/**
 * Throws `not_application_owner` for somebody who has no part in the application, and `insufficient_role` for a
 * member whose role lacks the permission.
 */
export function requirePermission(role: Role | null, permission: Permission): asserts role is Role {
  if (role === null) {
    throw new DomainError('not_application_owner', 'Ask an owner of the application to make you a member.');
  }
  const roles = rolesWithPermission(permission);
  if (!roles.includes(role)) {
    throw new DomainError(
      'insufficient_role',
      `This takes the role ${roles.join(' or ')}, and yours is ${role}: ask an owner of the application.`,
    );
  }
}
