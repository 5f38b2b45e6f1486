import { useState } from 'react';
import { client } from '../../api/client.js';
import { unwrap } from '../../api/problem.js';
import type { ServiceKey } from '../../api/service-key-queries.js';
import { Button } from '../../components/button.js';
import { ConfirmByName } from '../../components/confirm-name.js';
import { Dialog } from '../../components/dialog.js';
import { FormProblem, Select } from '../../components/field.js';
import { RelativeTime } from '../../components/time.js';
import { say } from '../../components/toast.js';
import { useSubmit } from '../../components/use-submit.js';
import { ShownSecret } from '../../dialogs/secret.js';
import { useIdempotencyKey } from '../../dialogs/shown-once.js';

const OVERLAPS: readonly [seconds: number, label: string][] = [
  [0, 'Not at all: it stops now'],
  [3600, 'For 1 hour'],
  [86_400, 'For 24 hours'],
  [604_800, 'For 7 days'],
];

export function RotateServiceKeyDialog({
  serviceKey: { id, applicationId, name, lastUsedAt },
  onRotated,
  onClose,
}: {
  serviceKey: ServiceKey;
  onRotated: (secret: ShownSecret) => void;
  onClose: () => void;
}) {
  const [overlapSeconds, setOverlap] = useState(86_400);
  const nameRequest = useIdempotencyKey();
  const { isBusy, problem, submit } = useSubmit(async () => {
    const body = { overlapSeconds };
    const params = {
      path: { id: applicationId, keyId: id },
      header: { 'Idempotency-Key': nameRequest(body) },
    };
    const answer = await client.POST('/applications/{id}/service-keys/{keyId}/rotate', { params, body });
    onRotated(new ShownSecret(unwrap(answer)));
  });
  return (
    <Dialog title="Rotate service key" onClose={onClose}>
      <form onSubmit={submit} className="dialog-form">
        <div className="stack dialog-body">
          <p>
            <strong>{name}</strong> gets a new secret. <LastUse at={lastUsedAt} />
          </p>
          <Select
            label="The old secret goes on working"
            value={overlapSeconds}
            onChange={({ target }) => {
              setOverlap(Number(target.value));
            }}
          >
            {OVERLAPS.map(([seconds, label]) => (
              <option key={seconds} value={seconds}>
                {label}
              </option>
            ))}
          </Select>
          {overlapSeconds === 0 && (
            <p className="notice warn">A service that still has the old secret is refused from now on.</p>
          )}
          <FormProblem problem={problem} />
        </div>
        <footer>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" kind="primary" isBusy={isBusy}>
            Rotate service key
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}

export function RevokeServiceKeyDialog({
  serviceKey: { id, applicationId, name, hint, lastUsedAt },
  onRevoked,
  onClose,
}: {
  serviceKey: ServiceKey;
  onRevoked: () => void;
  onClose: () => void;
}) {
  async function revoke(): Promise<void> {
    const params = { path: { id: applicationId, keyId: id } };
    unwrap(await client.DELETE('/applications/{id}/service-keys/{keyId}', { params }));
    onClose();
    onRevoked();
    say(`${name} is revoked. It lets no service in any more.`);
  }

  return (
    <ConfirmByName
      title="Revoke service key"
      name={name}
      action="Revoke service key"
      work={revoke}
      onClose={onClose}
    >
      <p>
        <strong>{name}</strong> <code className="soft">{hint}</code> stops working at once, for good. A
        service that verifies keys with it cannot do so any more, and refuses your customers.
      </p>
      <div className={lastUsedAt === null ? 'notice' : 'notice danger'}>
        <p>
          <LastUse at={lastUsedAt} />
        </p>
      </div>
    </ConfirmByName>
  );
}

function LastUse({ at }: { at: string | null }) {
  if (at === null) return 'It has never been used.';
  return (
    <>
      It was last used <RelativeTime time={at} />.
    </>
  );
}
