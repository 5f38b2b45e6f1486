import { describe, expect, it } from '@jest/globals';
import { assertMeets, ROLES, rolesThatMeet, type Need } from './role.js';

const NEEDS: [Need, string[]][] = [
  ['read', ['owner', 'admin', 'viewer']],
  ['manage-keys', ['owner', 'admin']],
  ['manage-application', ['owner']],
  ['manage-members', ['owner']],
];

describe.each(NEEDS)('The need "%s"', (need, roles) => {
  it('is met by these roles and no other', () => {
    expect(rolesThatMeet(need)).toEqual(roles);
    const meeting = ROLES.filter((role) => {
      try {
        assertMeets(role, need);
        return true;
      } catch {
        return false;
      }
    });
    expect(meeting).toEqual(roles);
  });

  it('is not met by somebody who has no part in the application', () => {
    expect(() => {
      assertMeets(null, need);
    }).toThrow(
      expect.objectContaining({ code: 'not_application_owner', detail: expect.stringMatching(/owner/) }),
    );
  });
});

describe('A member whose role does not suffice', () => {
  it('is told which roles would, and their own', () => {
    expect(() => {
      assertMeets('viewer', 'manage-keys');
    }).toThrow(
      expect.objectContaining({
        code: 'insufficient_role',
        detail: expect.stringMatching(/owner or admin.* viewer/),
      }),
    );
  });
});
