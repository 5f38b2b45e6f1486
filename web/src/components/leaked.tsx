import { ExclamationTriangleIcon } from '@radix-ui/react-icons';
import type { ApiKey } from '../api/client.js';
import { RelativeTime } from './time.js';

type Leaked = Pick<ApiKey, 'leakedAt' | 'leakedFrom' | 'status' | 'name'>;

/** Beside the status of a key that was found where others can read it. */
export function LeakedBadge({ leakedAt }: Pick<ApiKey, 'leakedAt'>) {
  if (leakedAt === null) return null;
  return <span className="badge danger">Leaked</span>;
}

/** Says of a key that leaked what is to be done. Nothing of one that did not. */
export function LeakedNotice({ apiKey: { leakedAt, leakedFrom, status, name } }: { apiKey: Leaked }) {
  if (leakedAt === null) return null;
  return (
    <div className="notice danger" role="status">
      <ExclamationTriangleIcon aria-hidden="true" />
      <span>
        <b>{name}</b> was found where others can read it, <RelativeTime time={leakedAt} />
        {/* No link: it is what somebody has sent, and whoever opens it shows that they are looking. */}
        {leakedFrom !== null && (
          <>
            {' at '}
            <code>{leakedFrom}</code>
          </>
        )}
        . {whatToDo(status)}
      </span>
    </div>
  );
}

function whatToDo(status: ApiKey['status']): string {
  switch (status) {
    case 'revoked':
      return 'It is revoked: give whoever needs one a new key.';
    case 'disabled':
      return 'It is disabled: revoke it, or rotate it without an overlap before you enable it again.';
    case 'expired':
      return 'It has expired: revoke it.';
    case 'active':
      return 'It still works: rotate it without an overlap, or revoke it.';
  }
}
