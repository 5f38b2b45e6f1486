import type { Member } from '../api/people.js';
import { useUser } from '../session/use-session.js';
import type { PersonId } from './use-people.js';

export function useIsMe(): (person: PersonId) => boolean {
  const user = useUser();
  return ({ subject, issuer }) => user?.id === subject && user.issuer === issuer;
}

/** By their email, where it may be seen, and their id when the pointer rests on it; by their id otherwise. */
export function PersonName({ person }: { person: PersonId & Pick<Member, 'email' | 'emailVerified'> }) {
  const isMe = useIsMe()(person);
  return (
    <>
      {isMe && <span className="badge accent">You</span>}
      {person.email === undefined ? (
        <code className="mono break">{person.subject}</code>
      ) : (
        <span className="break" title={person.subject}>
          {person.email}
        </span>
      )}
      {person.emailVerified === false && <span className="badge warn">Email not verified</span>}
      {person.issuer !== undefined && !isMe && <span className="soft small break">{person.issuer}</span>}
    </>
  );
}
