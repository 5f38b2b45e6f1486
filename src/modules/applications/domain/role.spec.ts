import { describe, expect, it } from '@jest/globals';
import { requirePermission, ROLES, rolesWithPermission, type Permission } from './role.js';

const PERMISSIONS: [Permission, string[]][] = [
  ['read', ['owner', 'admin', 'viewer', 'service']],
  ['read-members', ['owner', 'admin', 'viewer']],
  ['read-offers', ['owner', 'admin']],
  ['manage-keys', ['owner', 'admin', 'service']],
  ['try-keys', ['owner', 'admin']],
  ['manage-service-keys', ['owner', 'admin']],
  ['manage-application', ['owner']],
  ['manage-members', ['owner']],
];

describe.each(PERMISSIONS)('The permission "%s"', (permission, roles) => {
  it('is met by these roles and no other', () => {
    expect(rolesWithPermission(permission)).toEqual(roles);
    const meeting = ([...ROLES, 'service'] as const).filter((role) => {
      try {
        requirePermission(role, permission);
        return true;
      } catch {
        return false;
      }
    });
    expect(meeting).toEqual(roles);
  });

  it('is not met by somebody who has no part in the application', () => {
    expect(() => {
      requirePermission(null, permission);
    }).toThrow(
      expect.objectContaining({ code: 'not_application_owner', detail: expect.stringMatching(/owner/) }),
    );
  });
});

describe('A member whose role does not suffice', () => {
  it('is told which roles would, and their own', () => {
    expect(() => {
      requirePermission('viewer', 'manage-keys');
    }).toThrow(
      expect.objectContaining({
        code: 'insufficient_role',
        detail: expect.stringMatching(/owner or admin.* viewer/),
      }),
    );
  });
});
