import { useState } from 'react';
import { client } from '../../api/client.js';
import { unwrap } from '../../api/problem.js';
import { SERVICE_SCOPES, type ServiceKey, type ServiceScope } from '../../api/service-key-queries.js';
import { Button } from '../../components/button.js';
import { Dialog } from '../../components/dialog.js';
import { FormProblem, TextArea, TextField } from '../../components/field.js';
import { say } from '../../components/toast.js';
import { useSubmit } from '../../components/use-submit.js';
import { ExpiryField, timeOf, type Expiry } from '../../dialogs/expiry.js';
import { ShownSecret } from '../../dialogs/secret.js';
import { useIdempotencyKey } from '../../dialogs/shown-once.js';
import { wordsOf } from '../../dialogs/words.js';

const SCOPES = Object.keys(SERVICE_SCOPES) as ServiceScope[];
const FIELDS = ['name', 'scopes', 'expiresAt', 'ipAllowlist'];

/** Makes a service key, or changes the one that is given: its expiry stays then. */
export function ServiceKeyDialog({
  applicationId,
  serviceKey,
  onCreated,
  onClose,
}: {
  applicationId: string;
  serviceKey?: ServiceKey;
  onCreated?: (secret: ShownSecret, scopes: readonly ServiceScope[]) => void;
  onClose: () => void;
}) {
  const [name, setName] = useState(serviceKey?.name ?? '');
  const [scopes, setScopes] = useState<readonly ServiceScope[]>(serviceKey?.scopes ?? ['keys:verify']);
  const [addresses, setAddresses] = useState(serviceKey?.ipAllowlist.join('\n') ?? '');
  const [expiry, setExpiry] = useState<Expiry>({ choice: '365', day: '' });
  const [startedAt] = useState(Date.now);
  const nameRequest = useIdempotencyKey();
  const { isBusy, problem, submit } = useSubmit(async () => {
    const settings = {
      name,
      scopes: SCOPES.filter((scope) => scopes.includes(scope)),
      ipAllowlist: wordsOf(addresses),
    };
    if (serviceKey === undefined) {
      const body = { ...settings, expiresAt: timeOf(expiry, startedAt) ?? null };
      const params = { path: { id: applicationId }, header: { 'Idempotency-Key': nameRequest(body) } };
      const answer = await client.POST('/applications/{id}/service-keys', { params, body });
      onCreated?.(new ShownSecret(unwrap(answer)), settings.scopes);
    } else {
      const params = { path: { id: applicationId, keyId: serviceKey.id } };
      unwrap(await client.PATCH('/applications/{id}/service-keys/{keyId}', { params, body: settings }));
      onClose();
      say(`${name.trim()} is saved.`);
    }
  });

  return (
    <Dialog title={serviceKey === undefined ? 'Create service key' : 'Edit service key'} onClose={onClose}>
      <form onSubmit={submit} className="dialog-form" noValidate>
        <div className="stack dialog-body">
          <TextField
            label="Name"
            value={name}
            autoComplete="off"
            placeholder="orders API"
            onChange={({ target }) => {
              setName(target.value);
            }}
            error={problem?.of('name')}
          />
          <fieldset className="choices" aria-describedby={problem?.of('scopes') && 'service-scopes-error'}>
            <legend>It may</legend>
            {SCOPES.map((scope) => (
              <label key={scope} className="choice">
                <input
                  type="checkbox"
                  checked={scopes.includes(scope)}
                  onChange={({ target }) => {
                    setScopes(target.checked ? [...scopes, scope] : scopes.filter((one) => one !== scope));
                  }}
                />
                <span>
                  {SERVICE_SCOPES[scope]} <code className="soft small">{scope}</code>
                </span>
              </label>
            ))}
            {problem?.of('scopes') !== undefined && (
              <p className="error" id="service-scopes-error">
                Choose what it may do.
              </p>
            )}
          </fieldset>
          {serviceKey === undefined && (
            <ExpiryField
              value={expiry}
              now={startedAt}
              onChange={setExpiry}
              error={problem?.of('expiresAt')}
            />
          )}
          <TextArea
            label="Addresses (optional)"
            rows={2}
            value={addresses}
            placeholder="192.0.2.0/24"
            className="input mono"
            hint="Ranges that it may be used from. None for everywhere."
            onChange={({ target }) => {
              setAddresses(target.value);
            }}
            error={problem?.of('ipAllowlist')}
          />
          <FormProblem problem={problem} fields={FIELDS} />
        </div>
        <footer>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" kind="primary" isBusy={isBusy}>
            {serviceKey === undefined ? 'Create service key' : 'Save'}
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}
