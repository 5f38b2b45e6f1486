import { useState } from 'react';
import { client, type ApiKey } from '../api/client.js';
import { readKeysAgain } from '../api/key-queries.js';
import { unwrap } from '../api/problem.js';
import { Button } from '../components/button.js';
import { Dialog } from '../components/dialog.js';
import { FormProblem, Select } from '../components/field.js';
import { RelativeTime } from '../components/time.js';
import { useSubmit } from '../components/use-submit.js';
import { ShownSecret } from './secret.js';
import { useIdempotencyKey } from './shown-once.js';

const OVERLAPS: readonly [seconds: number, label: string][] = [
  [0, 'Not at all: it stops now'],
  [3600, 'For 1 hour'],
  [86_400, 'For 24 hours'],
  [604_800, 'For 7 days'],
  [2_592_000, 'For 30 days'],
];

export function RotateKeyDialog({
  apiKey,
  onRotated,
  onClose,
}: {
  apiKey: ApiKey;
  onRotated: (secret: ShownSecret) => void;
  onClose: () => void;
}) {
  const [overlapSeconds, setOverlap] = useState(86_400);
  const [activateOnFirstUse, setOnFirstUse] = useState(false);
  const nameRequest = useIdempotencyKey();
  const { isBusy, problem, submit } = useSubmit(async () => {
    const body = { overlapSeconds, ...(overlapSeconds > 0 && { activateOnFirstUse }) };
    const params = { path: { id: apiKey.id }, header: { 'Idempotency-Key': nameRequest(body) } };
    const secret = new ShownSecret(unwrap(await client.POST('/apikey/{id}/rotate', { params, body })));
    onRotated(secret);
    await readKeysAgain(apiKey.applicationId);
  });

  return (
    <Dialog title="Rotate key" onClose={onClose}>
      <form onSubmit={submit} className="dialog-form">
        <div className="stack dialog-body">
          <p>
            <strong>{apiKey.name}</strong> gets a new secret. Its scopes, limits and history stay.{' '}
            {apiKey.lastUsedAt === null ? (
              'It has never been used.'
            ) : (
              <>
                It was last used <RelativeTime time={apiKey.lastUsedAt} />.
              </>
            )}
          </p>
          <Select
            label="The old secret goes on working"
            value={overlapSeconds}
            onChange={({ target }) => {
              setOverlap(Number(target.value));
            }}
            error={problem?.of('overlapSeconds')}
          >
            {OVERLAPS.map(([seconds, label]) => (
              <option key={seconds} value={seconds}>
                {label}
              </option>
            ))}
          </Select>
          {overlapSeconds > 0 && (
            <label className="check">
              <input
                type="checkbox"
                checked={activateOnFirstUse}
                onChange={({ target }) => {
                  setOnFirstUse(target.checked);
                }}
              />
              Count from the first use of the new secret
            </label>
          )}
          {overlapSeconds === 0 && (
            <p className="notice warn">Whoever uses the old secret is refused from now on.</p>
          )}
          <FormProblem problem={problem} fields={['overlapSeconds']} />
        </div>
        <footer>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" kind="primary" isBusy={isBusy}>
            Rotate key
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}
