import { useState } from 'react';
import { client, type Application } from '../api/client.js';
import { readKeysAgain } from '../api/key-queries.js';
import { ProblemError, unwrap } from '../api/problem.js';
import type { components } from '../api/schema.js';
import { Button } from '../components/button.js';
import { Dialog } from '../components/dialog.js';
import { FormProblem, TextArea } from '../components/field.js';
import { say } from '../components/toast.js';
import { useSubmit } from '../components/use-submit.js';
import { readKeys, UnreadableKeys, type KeyToImport } from './keys-to-import.js';

type Outcome = components['schemas']['ImportResultDto']['outcome'];

/** As many as the service takes by one call. */
const MAX_AT_ONCE = 1000;

/** Rows of the preview; all are counted. */
const ROWS_SHOWN = 100;

interface Preview {
  keys: KeyToImport[];
  outcomes: Outcome[];
}

/** Imports keys that were issued elsewhere: first it is shown what would become of each. */
export function ImportKeysDialog({
  application,
  onClose,
}: {
  application: Application;
  onClose: () => void;
}) {
  const [text, setText] = useState('');
  const [mistake, setMistake] = useState<string>();
  const [preview, setPreview] = useState<Preview>();
  const [done, setDone] = useState(0);

  async function inParts(keys: readonly KeyToImport[], dryRun: boolean): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    for (let from = 0; from < keys.length; from += MAX_AT_ONCE) {
      const part = keys.slice(from, from + MAX_AT_ONCE);
      const params = { query: { ApplicationId: application.id, dryRun } };
      const answer = await client.POST('/apikey/import', { params, body: { keys: part } });
      outcomes.push(...unwrap(answer).results.map(({ outcome }) => outcome));
      setDone(outcomes.length);
    }
    return outcomes;
  }

  const look = useSubmit(async () => {
    setMistake(undefined);
    setDone(0);
    try {
      const keys = await readKeys(text);
      setPreview({ keys, outcomes: await inParts(keys, true) });
    } catch (error) {
      if (error instanceof UnreadableKeys) setMistake(error.message);
      else if (error instanceof ProblemError && error.errors.length > 0) setMistake(inLines(error));
      else throw error;
    }
  });
  const importing = useSubmit(async () => {
    if (preview === undefined) return;
    setDone(0);
    try {
      const outcomes = await inParts(preview.keys, false);
      const count = outcomes.filter((outcome) => outcome === 'imported').length;
      onClose();
      say(`${count} ${count === 1 ? 'key is' : 'keys are'} imported, and verified from now on.`);
    } finally {
      // Also when a later part was refused: what came before it holds.
      await readKeysAgain(application.id);
    }
  });

  return (
    <Dialog title="Import keys" onClose={onClose} isWide>
      {preview === undefined ? (
        <form onSubmit={look.submit} className="dialog-form" noValidate>
          <div className="stack dialog-body">
            <p>
              Keys that were issued elsewhere go on working, and are managed here. They are hashed in your
              browser: the service sees their SHA-256 alone.
            </p>
            <TextArea
              label="Keys"
              value={text}
              className="mono"
              rows={8}
              spellCheck={false}
              autoComplete="off"
              placeholder={'key,name,scopes,tags\nsk_live_…,Collector,forecast:read stations:read,eu'}
              onChange={({ target }) => {
                setText(target.value);
              }}
              error={mistake}
              hint="One on each line, or comma-separated values whose first line names the columns: key or sha256, name, environment, scopes, tags, externalId, expiresAt, prefix."
            />
            <label className="file">
              <span className="small">Or from a file</span>
              <input
                type="file"
                accept=".csv,.txt,text/plain,text/csv"
                onChange={({ target }) => {
                  void target.files?.[0]?.text().then(setText);
                }}
              />
            </label>
            <FormProblem problem={look.problem} />
          </div>
          <footer>
            <Button onClick={onClose}>Cancel</Button>
            <Button type="submit" kind="primary" isBusy={look.isBusy} disabled={text.trim() === ''}>
              Preview
            </Button>
          </footer>
        </form>
      ) : (
        <form onSubmit={importing.submit} className="dialog-form" noValidate>
          <div className="stack dialog-body">
            <PreviewTable preview={preview} />
            <FormProblem problem={importing.problem} />
          </div>
          <footer>
            <p className="soft small" role="status">
              {importing.isBusy && `${done} of ${preview.keys.length} so far …`}
            </p>
            <Button
              disabled={importing.isBusy}
              onClick={() => {
                setPreview(undefined);
              }}
            >
              Back
            </Button>
            <Button
              type="submit"
              kind="primary"
              isBusy={importing.isBusy}
              disabled={newOnes(preview) === 0}
              autoFocus
            >
              {`Import ${newOnes(preview)} ${newOnes(preview) === 1 ? 'key' : 'keys'}`}
            </Button>
          </footer>
        </form>
      )}
    </Dialog>
  );
}

function newOnes({ outcomes }: Preview): number {
  return outcomes.filter((outcome) => outcome === 'importable').length;
}

function PreviewTable({ preview }: { preview: Preview }) {
  const { keys, outcomes } = preview;
  const known = keys.length - newOnes(preview);
  return (
    <>
      <p>
        <strong>{newOnes(preview)}</strong> would be imported
        {known > 0 && `; ${known} ${known === 1 ? 'is' : 'are'} here already, or twice in it, and left alone`}
        . Nothing has been imported yet.
      </p>
      <div className="import-preview" tabIndex={0} role="region" aria-label="Preview">
        <table>
          <thead>
            <tr>
              <th scope="col">Key</th>
              <th scope="col">Name</th>
              <th scope="col">Scopes</th>
              <th scope="col">Outcome</th>
            </tr>
          </thead>
          <tbody>
            {keys.slice(0, ROWS_SHOWN).map(({ prefix = '', sha256, name, scopes = [] }, index) => (
              <tr key={index}>
                <th scope="row">
                  <code title={`SHA-256 ${sha256}`}>{prefix}…</code>
                </th>
                <td>{name ?? <span className="soft">By its date</span>}</td>
                <td>{scopes.length === 0 ? <span className="soft">None</span> : scopes.join(' ')}</td>
                <td>
                  <span className={outcomes[index] === 'importable' ? 'badge ok' : 'badge mute'}>
                    {outcomes[index] === 'importable' ? 'new' : 'here already'}
                  </span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {keys.length > ROWS_SHOWN && (
        <p className="soft small">
          The first {ROWS_SHOWN} of {keys.length} are shown.
        </p>
      )}
    </>
  );
}

/** "keys.3.name" is the fourth key. */
function inLines(problem: ProblemError): string {
  return problem.errors
    .map(({ field, message }) => {
      const [, index] = /^keys[.[](\d+)/.exec(field) ?? [];
      return index === undefined ? message : `Key ${Number(index) + 1}: ${message}`;
    })
    .join('. ');
}
