import { DomainError } from '../../../shared/domain-error.js';

export const ROLES = ['owner', 'admin', 'viewer'] as const;
export type Role = (typeof ROLES)[number];

/** The one table of who may what: the needs that routes and changes have, and the roles that meet them. */
const MET_BY = {
  /** Seeing the application, its members and its keys (never their secrets). */
  read: ['owner', 'admin', 'viewer'],
  /** Issuing, changing, rotating and revoking keys, and all that restricts them. */
  'manage-keys': ['owner', 'admin'],
  /** Changing and deleting the application. */
  'manage-application': ['owner'],
  /** Letting people in, changing what they may, taking them out, handing the ownership on. */
  'manage-members': ['owner'],
} as const satisfies Record<string, readonly Role[]>;

export type Need = keyof typeof MET_BY;

export function rolesThatMeet(need: Need): readonly Role[] {
  return MET_BY[need];
}

/**
 * Throws `not_application_owner` for somebody who has no part in the application, and `insufficient_role` for a
 * member whose role does not meet the need.
 */
export function assertMeets(role: Role | null, need: Need): asserts role is Role {
  if (role === null) {
    throw new DomainError('not_application_owner', 'Ask an owner of the application to make you a member.');
  }
  const roles = rolesThatMeet(need);
  if (!roles.includes(role)) {
    throw new DomainError(
      'insufficient_role',
      `This takes the role ${roles.join(' or ')}, and yours is ${role}: ask an owner of the application.`,
    );
  }
}
