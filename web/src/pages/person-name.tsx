import { useUser } from '../session/use-session.js';

/** How the service names people: `sub` and, of another provider, its issuer. */
interface PersonId {
  subject: string;
  issuer?: string | undefined;
}

export function useIsMe(): (person: PersonId) => boolean {
  const user = useUser();
  return ({ subject, issuer }) => user?.id === subject && user.issuer === issuer;
}

export function PersonName({ person }: { person: PersonId }) {
  const isMe = useIsMe()(person);
  return (
    <>
      {isMe && <span className="badge accent">You</span>}
      <code className="mono break">{person.subject}</code>
      {person.issuer !== undefined && !isMe && <span className="soft small break">{person.issuer}</span>}
    </>
  );
}
