import { useQuery } from '@tanstack/react-query';
import { useCallback } from 'react';
import { membersQuery } from '../api/people.js';
import { useUser } from '../session/use-session.js';

/** How the service names people: `sub` and, of another provider, its issuer. */
export interface PersonId {
  subject: string;
  issuer?: string | undefined;
}

/**
 * What somebody is called beside what they have done: "you", or the email of a member, which only owners and admins are
 * told; undefined for all others. Nothing waits for it.
 */
export function usePeople(applicationId: string): (person: PersonId) => string | undefined {
  const user = useUser();
  const { data } = useQuery(membersQuery(applicationId));
  return useCallback(
    ({ subject, issuer }) => {
      if (user?.id === subject && user.issuer === issuer) return 'you';
      return data?.find((member) => member.subject === subject && member.issuer === issuer)?.email;
    },
    [user, data],
  );
}

/** Who acts, as an event names them. */
export function personOf({ issuer, subject }: { issuer: string; subject: string }): PersonId {
  return { subject, issuer: issuer === 'local' ? undefined : issuer };
}

/** The end of an id: enough to tell people apart who have no name here. */
export function endOf(id: string): string {
  return `…${id.slice(-6)}`;
}
