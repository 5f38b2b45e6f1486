import { Cross2Icon, TrashIcon } from '@radix-ui/react-icons';
import { useState } from 'react';
import { client, type ApiKey } from '../api/client.js';
import { readKeysAgain } from '../api/key-queries.js';
import { unwrap } from '../api/problem.js';
import { Button } from '../components/button.js';
import { ConfirmByName } from '../components/confirm-name.js';
import { Dialog } from '../components/dialog.js';
import { FormProblem, TextField } from '../components/field.js';
import { RelativeTime } from '../components/time.js';
import { say } from '../components/toast.js';
import { useSubmit } from '../components/use-submit.js';
import { tagsOf } from '../dialogs/words.js';

/** As many as the service revokes by one call. */
const MAX_AT_ONCE = 1000;

/** Changes that are under way at a time. */
const PARALLEL = 4;

const countOf = (count: number): string => `${count} ${count === 1 ? 'key' : 'keys'}`;

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
  const close = (): void => {
    setOpen(undefined);
  };
  return (
    <div className="bulk-bar" role="region" aria-label="Selected keys">
      <p role="status">
        <strong>{countOf(keys.length)}</strong> selected
      </p>
      {!isAll && (
        <button type="button" className="link" onClick={onAll}>
          Select all {all}
        </button>
      )}
      <span className="spring" />
      <Button
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

function TagKeysDialog({ keys, onDone, onClose }: BulkProps) {
  const [add, setAdd] = useState('');
  const [remove, setRemove] = useState<string[]>([]);
  const [done, setDone] = useState(0);
  const present = [...new Set(keys.flatMap(({ tags }) => tags))].sort();
  const { isBusy, problem, submit } = useSubmit(async () => {
    const changes = keys.flatMap((key) => {
      const tags = [...new Set([...key.tags.filter((tag) => !remove.includes(tag)), ...tagsOf(add)])];
      return tags.join() === key.tags.join() ? [] : [{ id: key.id, tags }];
    });
    setDone(0);
    try {
      await inParallel(changes, async ({ id, tags }) => {
        unwrap(await client.PATCH('/apikey/{id}', { params: { path: { id } }, body: { tags } }));
        setDone((count) => count + 1);
      });
    } finally {
      // Also when one was refused: what came before it holds.
      await readKeysAgain(keys[0]?.applicationId ?? '');
    }
    onClose();
    onDone();
    say(`The tags of ${countOf(changes.length)} are changed.`);
  });

  return (
    <Dialog title={`Tag ${countOf(keys.length)}`} onClose={onClose}>
      <form onSubmit={submit} className="dialog-form" noValidate>
        <div className="stack dialog-body">
          <TextField
            label="Add"
            value={add}
            autoFocus
            autoComplete="off"
            placeholder="eu, batch"
            onChange={({ target }) => {
              setAdd(target.value);
            }}
            error={problem?.of('tags')}
            hint="Separated by commas. Tags that a key has stay."
          />
          {present.length > 0 && (
            <fieldset className="scopes" aria-label="Remove">
              <legend className="small">Remove</legend>
              {present.map((tag) => (
                <label key={tag} className="check">
                  <input
                    type="checkbox"
                    checked={remove.includes(tag)}
                    onChange={({ target }) => {
                      setRemove(target.checked ? [...remove, tag] : remove.filter((one) => one !== tag));
                    }}
                  />
                  <code>{tag}</code>
                </label>
              ))}
            </fieldset>
          )}
          <p className="soft small" role="status">
            {isBusy && `${done} of ${countOf(keys.length)} so far …`}
          </p>
          <FormProblem problem={problem} fields={['tags']} />
        </div>
        <footer>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            type="submit"
            kind="primary"
            isBusy={isBusy}
            disabled={tagsOf(add).length === 0 && remove.length === 0}
          >
            Change tags
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}

/** Some at a time. Throws the first refusal, after which no further one begins. */
async function inParallel<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const rest = [...items];
  let isRefused = false;
  await Promise.all(
    Array.from({ length: PARALLEL }, async () => {
      for (let item = rest.shift(); item !== undefined && !isRefused; item = rest.shift()) {
        try {
          await work(item);
        } catch (error) {
          isRefused = true;
          throw error;
        }
      }
    }),
  );
}
