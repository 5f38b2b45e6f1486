import { DomainError } from '../../../shared/domain-error.js';

export const ROLES = ['owner', 'admin', 'viewer'] as const;
export type Role = (typeof ROLES)[number];

/** What somebody is in an application: a member with a role, or one of its service keys. */
export type Part = Role | 'service';

/** The one table of who may what: the permissions that routes and changes require, and who has them. */
const ROLES_BY_PERMISSION = {
  /** Seeing the application and its keys (never their secrets). */
  read: ['owner', 'admin', 'viewer', 'service'],
  /** Listing the members. */
  'read-members': ['owner', 'admin', 'viewer'],
  /** Seeing by which email those of them have registered who have an account here. */
  'read-emails': ['owner', 'admin'],
  /** Reading who has changed what. It names people, and the addresses that they came from. */
  'read-audit': ['owner', 'admin', 'service'],
  /** Seeing what has been offered to whom. */
  'read-offers': ['owner', 'admin'],
  /** Issuing, changing, rotating and revoking keys, and all that restricts them. */
  'manage-keys': ['owner', 'admin', 'service'],
  /** Seeing how a key that somebody has shown would be judged. */
  'try-keys': ['owner', 'admin'],
  /** The same as `manage-keys`, of service keys: a machine never makes credentials for machines. */
  'manage-service-keys': ['owner', 'admin'],
  /** Changing what the application demands of its keys. */
  'manage-policy': ['owner', 'admin'],
  /** Seeing where events are sent to, and what became of them. */
  'read-webhooks': ['owner', 'admin'],
  /** Having events sent somewhere. */
  'manage-webhooks': ['owner', 'admin'],
  /** Changing and deleting the application. */
  'manage-application': ['owner'],
  /** Offering people a part, changing what they may, taking them out, offering to hand the ownership on. */
  'manage-members': ['owner'],
} as const satisfies Record<string, readonly Part[]>;

export type Permission = keyof typeof ROLES_BY_PERMISSION;

export function rolesWithPermission(permission: Permission): readonly Part[] {
  return ROLES_BY_PERMISSION[permission];
}

/**
 * Throws `not_application_owner` for somebody who has no part in the application, and `insufficient_role` for a
 * member whose role lacks the permission.
 */
export function requirePermission(role: Part | null, permission: Permission): asserts role is Part {
  if (role === null) {
    throw new DomainError('not_application_owner', 'Ask an owner of the application to make you a member.');
  }
  const roles = rolesWithPermission(permission);
  if (!roles.includes(role)) {
    throw new DomainError(
      'insufficient_role',
      role === 'service'
        ? "This takes a person's access token: no service key may do it."
        : `This takes the role ${roles.filter((one) => one !== 'service').join(' or ')}, and yours is ${role}: ask an owner of the application.`,
    );
  }
}
