import { useState } from 'react';
import { client } from '../../api/client.js';
import { readKeysAgain, type KeyDetails, type KeySecret } from '../../api/key-queries.js';
import { unwrap } from '../../api/problem.js';
import { Button } from '../../components/button.js';
import { Dialog } from '../../components/dialog.js';
import { FormProblem } from '../../components/field.js';
import { RelativeTime } from '../../components/time.js';
import { say } from '../../components/toast.js';
import { useSubmit } from '../../components/use-submit.js';
import { Panel } from './panel.js';
import { durationOf } from './verdicts.js';

/** The secrets that work: one, or those of an overlap, in which the older ones can be ended. */
export function KeySecrets({ apiKey }: { apiKey: KeyDetails }) {
  const [ending, setEnding] = useState<KeySecret>();
  const { secrets, status } = apiKey;
  const newest = secrets.at(-1);
  // An overlap that begins with the first use of the newest secret.
  const waiting = newest?.overlapSeconds ?? null;
  return (
    <Panel title="Secrets">
      {secrets.length === 0 || status === 'revoked' ? (
        <p className="soft small">No secret of it works any more.</p>
      ) : (
        <ul className="key-rows">
          {[...secrets].reverse().map((secret) => (
            <li key={secret.id} className="secret-row">
              <div>
                <p>
                  <code>{secret.hint}</code>
                  {secrets.length > 1 && (
                    <span className={secret === newest ? 'badge ok' : 'badge warn'}>
                      {secret === newest ? 'new' : 'old'}
                    </span>
                  )}
                </p>
                <p className="soft small">
                  Made <RelativeTime time={secret.createdAt} />.{' '}
                  <StateOf secret={secret} waiting={waiting} isNewest={secret === newest} />
                </p>
              </div>
              {secret !== newest && (
                <Button
                  aria-label={`End now: ${secret.hint}`}
                  onClick={() => {
                    setEnding(secret);
                  }}
                >
                  End now
                </Button>
              )}
            </li>
          ))}
        </ul>
      )}
      {ending !== undefined && (
        <EndSecretDialog
          apiKey={apiKey}
          secret={ending}
          onClose={() => {
            setEnding(undefined);
          }}
        />
      )}
    </Panel>
  );
}

function StateOf({
  secret: { expiresAt, lastUsedAt, lastUsedFrom },
  waiting,
  isNewest,
}: {
  secret: KeySecret;
  waiting: number | null;
  isNewest: boolean;
}) {
  if (isNewest) {
    return waiting === null ? null : <>It has not been used yet.</>;
  }
  if (expiresAt !== null) {
    return (
      <>
        It stops working <RelativeTime time={expiresAt} />.{' '}
        {lastUsedAt === null ? (
          'Nobody has used it since it was replaced.'
        ) : (
          <strong>
            Still used: last <RelativeTime time={lastUsedAt} />
            {lastUsedFrom !== null && <> from {lastUsedFrom}</>}.
          </strong>
        )}
      </>
    );
  }
  return waiting === null ? null : (
    <>It works until {durationOf(waiting)} after the first use of the new one.</>
  );
}

function EndSecretDialog({
  apiKey,
  secret,
  onClose,
}: {
  apiKey: KeyDetails;
  secret: KeySecret;
  onClose: () => void;
}) {
  const { isBusy, problem, submit } = useSubmit(async () => {
    const params = { path: { id: apiKey.id, secretId: secret.id } };
    unwrap(await client.DELETE('/apikey/{id}/secrets/{secretId}', { params }));
    onClose();
    say(`${secret.hint} has ended. No service accepts it any more.`);
    await readKeysAgain(apiKey.applicationId);
  });
  return (
    <Dialog title="End the old secret" onClose={onClose}>
      <form onSubmit={submit} className="dialog-form">
        <div className="stack dialog-body">
          <p>
            <code>{secret.hint}</code> stops working at once, for good. Whoever still uses it is refused; the
            new secret goes on working.
          </p>
          <FormProblem problem={problem} />
        </div>
        <footer>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" kind="danger" isBusy={isBusy}>
            End it now
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}
