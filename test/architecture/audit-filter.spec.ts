import { describe, expect, it } from '@jest/globals';
import { AUDIT_ACTION_NAMES } from '../../src/modules/audit/domain/audit-actions.js';
import { ACTIONS } from '../../web/src/pages/audit/actions.js';

/** What is in no trail that a member of an application reads. */
const OF_NO_APPLICATION =
  /^(User|Email|Password|Invitation|Sign|Session|RefreshToken|ApplicationDeleted$|ExpiredRowsPurged$)/;

describe('the filter of the audit trail on the dashboard', () => {
  it('offers every action that the trail of an application may hold, and no other', () => {
    const held = AUDIT_ACTION_NAMES.filter((name) => !OF_NO_APPLICATION.test(name));
    expect(Object.keys(ACTIONS).sort()).toEqual(held.sort());
  });
});
