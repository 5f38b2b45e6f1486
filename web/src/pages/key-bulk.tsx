import { BookmarkIcon, Cross2Icon, TrashIcon } from '@radix-ui/react-icons';
import { useState } from 'react';
import { client, type ApiKey } from '../api/client.js';
import { readKeysAgain } from '../api/key-queries.js';
import { unwrap } from '../api/problem.js';
import { Button } from '../components/button.js';
import { ConfirmByName } from '../components/confirm-name.js';
import { RelativeTime } from '../components/time.js';
import { say } from '../components/toast.js';
import { TagKeysDialog } from '../dialogs/tag-keys.js';
import { countOf } from '../dialogs/words.js';

/** As many as the service revokes by one call. */
const MAX_AT_ONCE = 1000;

/** What can be done with all keys that are selected. Those that are revoked stay as they are. */
export function BulkBar({
  keys,
  all,
  isAll,
  onAll,
  onClear,
}: {
  keys: readonly ApiKey[];
  /** How many keys the filter lets through. */
  all: number;
  isAll: boolean;
  onAll: () => void;
  onClear: () => void;
}) {
  const [open, setOpen] = useState<'revoke' | 'tag'>();
  const changeable = keys.filter(({ status }) => status !== 'revoked');
  const revoked = keys.length - changeable.length;
  const close = (): void => {
    setOpen(undefined);
  };
  return (
    <div className="bulk-bar" role="region" aria-label="Selected keys">
      <p role="status">
        <strong>{countOf(keys.length)}</strong> selected
        {revoked > 0 && (
          <span className="soft small">
            , {revoked} of which {revoked === 1 ? 'is' : 'are'} revoked and {revoked === 1 ? 'stays' : 'stay'}{' '}
            as {revoked === 1 ? 'it is' : 'they are'}
          </span>
        )}
      </p>
      {!isAll && (
        <button type="button" className="link" onClick={onAll}>
          Select all {all}
        </button>
      )}
      <span className="spring" />
      <Button
        icon={<BookmarkIcon aria-hidden="true" />}
        disabled={changeable.length === 0}
        onClick={() => {
          setOpen('tag');
        }}
      >
        Tag …
      </Button>
      <Button
        icon={<TrashIcon aria-hidden="true" />}
        disabled={changeable.length === 0}
        onClick={() => {
          setOpen('revoke');
        }}
      >
        Revoke …
      </Button>
      <Button icon={<Cross2Icon aria-hidden="true" />} onClick={onClear}>
        Clear
      </Button>
      {open === 'revoke' && <RevokeKeysDialog keys={changeable} onDone={onClear} onClose={close} />}
      {open === 'tag' && <TagKeysDialog keys={changeable} onDone={onClear} onClose={close} />}
    </div>
  );
}

interface BulkProps {
  keys: readonly ApiKey[];
  onDone: () => void;
  onClose: () => void;
}

function RevokeKeysDialog({ keys, onDone, onClose }: BulkProps) {
  const applicationId = keys[0]?.applicationId ?? '';
  async function revoke(): Promise<void> {
    let revoked = 0;
    for (let from = 0; from < keys.length; from += MAX_AT_ONCE) {
      const body = { ids: keys.slice(from, from + MAX_AT_ONCE).map(({ id }) => id) };
      const { results } = unwrap(await client.POST('/apikey/bulk-revoke', { body }));
      revoked += results.filter(({ outcome }) => outcome.endsWith('revoked')).length;
    }
    await readKeysAgain(applicationId);
    onClose();
    onDone();
    say(
      revoked === keys.length
        ? `${countOf(revoked)} revoked. No service accepts them any more.`
        : `${revoked} of ${countOf(keys.length)} revoked; the others are gone, or not yours to revoke.`,
    );
  }

  const used = keys.filter(({ lastUsedAt }) => lastUsedAt !== null);
  const lastUsedAt = used
    .map((key) => key.lastUsedAt ?? '')
    .sort()
    .at(-1);
  return (
    <ConfirmByName
      title={`Revoke ${countOf(keys.length)}`}
      name={`revoke ${countOf(keys.length)}`}
      action={`Revoke ${countOf(keys.length)}`}
      work={revoke}
      onClose={onClose}
    >
      <p>They stop working at once, for good: {namesOf(keys)}.</p>
      <div className={lastUsedAt === undefined ? 'notice' : 'notice danger'}>
        <p>
          {lastUsedAt === undefined ? (
            'None of them has ever been used.'
          ) : (
            <>
              {used.length} of them {used.length === 1 ? 'was' : 'were'} used, the last one{' '}
              <RelativeTime time={lastUsedAt} />. Whoever uses them will be refused.
            </>
          )}
        </p>
      </div>
    </ConfirmByName>
  );
}

/** The names of the first, and how many others there are. */
function namesOf(keys: readonly ApiKey[]): string {
  const names = keys.slice(0, 5).map(({ name }) => name);
  const others = keys.length - names.length;
  return others === 0 ? names.join(', ') : `${names.join(', ')} and ${others} more`;
}
