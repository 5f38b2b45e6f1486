import { useRef, useState } from 'react';
import { client, type ApiKey } from '../api/client.js';
import { readKeysAgain } from '../api/key-queries.js';
import { ProblemError, unwrap } from '../api/problem.js';
import { Button } from '../components/button.js';
import { Dialog } from '../components/dialog.js';
import { Field, FormProblem, TextField } from '../components/field.js';
import { say } from '../components/toast.js';
import { useSubmit } from '../components/use-submit.js';
import { countOf, tagsOf } from './words.js';

/** Changes that are under way at a time. */
const PARALLEL = 4;

/** Refusals that are shown; all are counted. */
const REFUSALS_SHOWN = 5;

interface Refusal {
  id: string;
  name: string;
  why: string;
}

/** Changes the tags of keys, one after the other: what is done when it is stopped, or one is refused, holds. */
export function TagKeysDialog({
  keys,
  onDone,
  onClose,
}: {
  keys: readonly ApiKey[];
  onDone: () => void;
  onClose: () => void;
}) {
  const [add, setAdd] = useState('');
  const [remove, setRemove] = useState<string[]>([]);
  const [progress, setProgress] = useState({ done: 0, of: 0 });
  const [refusals, setRefusals] = useState<readonly Refusal[]>([]);
  const stop = useRef(new AbortController());
  const present = [...new Set(keys.flatMap(({ tags }) => tags))].sort();
  const { isBusy, problem, submit } = useSubmit(async () => {
    const changes = keys.flatMap((key) => {
      const tags = [...new Set([...key.tags.filter((tag) => !remove.includes(tag)), ...tagsOf(add)])];
      return tags.join() === key.tags.join() ? [] : [{ key, tags }];
    });
    const { signal } = (stop.current = new AbortController());
    const refused: Refusal[] = [];
    let done = 0;
    setRefusals([]);
    setProgress({ done, of: changes.length });
    try {
      await inParallel(changes, signal, async ({ key: { id, name }, tags }) => {
        try {
          unwrap(await client.PATCH('/apikey/{id}', { params: { path: { id } }, body: { tags } }));
          done += 1;
          setProgress({ done, of: changes.length });
        } catch (error) {
          if (!isAboutKey(error)) throw error;
          refused.push({ id, name, why: error.message });
        }
      });
    } finally {
      await readKeysAgain(keys[0]?.applicationId ?? '');
      setRefusals(refused);
    }
    if (signal.aborted) {
      say(`Stopped: the tags of ${done} of ${countOf(changes.length)} are changed.`);
    } else if (refused.length === 0) {
      onClose();
      onDone();
      say(`The tags of ${countOf(changes.length)} are changed.`);
    }
  });
  /** What has been sent is waited for by nobody, and holds all the same. */
  const leave = (): void => {
    stop.current.abort();
    onClose();
  };

  return (
    <Dialog title={`Tag ${countOf(keys.length)}`} onClose={leave}>
      <form onSubmit={submit} className="dialog-form" noValidate>
        <div className="stack dialog-body">
          <TextField
            label="Add"
            value={add}
            autoComplete="off"
            placeholder="eu, batch"
            onChange={({ target }) => {
              setAdd(target.value);
            }}
            error={problem?.of('tags')}
            hint="Separated by commas. Tags that a key has stay."
          />
          {present.length > 0 && (
            <Field label="Remove">
              {({ id }) => (
                <fieldset id={id} className="scopes" aria-label="Remove">
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
            </Field>
          )}
          <div role="alert">
            {refusals.length > 0 && (
              <div className="notice danger">
                <p>{countOf(refusals.length)} could not be changed. The others are.</p>
                <ul>
                  {refusals.slice(0, REFUSALS_SHOWN).map(({ id, name, why }) => (
                    <li key={id}>
                      <strong>{name}</strong>: {why}
                    </li>
                  ))}
                  {refusals.length > REFUSALS_SHOWN && <li>and {refusals.length - REFUSALS_SHOWN} more</li>}
                </ul>
              </div>
            )}
          </div>
          <FormProblem problem={problem} fields={['tags']} />
          {isBusy && (
            <progress className="progress" value={progress.done} max={progress.of} aria-label="Keys" />
          )}
        </div>
        <footer>
          <p className="soft small" role="status">
            {progress.of > 0 && `${progress.done} of ${countOf(progress.of)} changed`}
          </p>
          {isBusy ? (
            <Button
              onClick={() => {
                stop.current.abort();
              }}
            >
              Stop
            </Button>
          ) : (
            <Button onClick={onClose}>{progress.done > 0 ? 'Close' : 'Cancel'}</Button>
          )}
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

/** Whether one key was refused, and the next may well be taken: not when the tags themselves are wrong, or no answer came. */
function isAboutKey(error: unknown): error is ProblemError {
  if (!(error instanceof ProblemError) || error.isPassing) return false;
  return error.of('tags') === undefined && error.status !== 401 && error.status !== 429;
}

/** Some at a time. After the first that throws, or when it is stopped, no further one begins. */
async function inParallel<Item>(
  items: readonly Item[],
  signal: AbortSignal,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const rest = [...items];
  let isRefused = false;
  const isOver = (): boolean => isRefused || signal.aborted;
  await Promise.all(
    Array.from({ length: PARALLEL }, async () => {
      for (let item = rest.shift(); item !== undefined && !isOver(); item = rest.shift()) {
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
