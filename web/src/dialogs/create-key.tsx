import { useState } from 'react';
import { client, type ApiKey, type Application, type IssueApiKey } from '../api/client.js';
import { unwrap } from '../api/problem.js';
import { keysQuery, queryClient } from '../api/queries.js';
import { Button } from '../components/button.js';
import { Dialog } from '../components/dialog.js';
import { Field, FormProblem, Select, TextArea, TextField } from '../components/field.js';
import { useSubmit } from '../components/use-submit.js';
import { ExpiryField, timeOf, type Expiry } from './expiry.js';
import { ShownSecret } from './secret.js';
import { useIdempotencyKey } from './shown-once.js';
import { wordsOf } from './words.js';

interface Draft {
  name: string;
  environment: ApiKey['environment'];
  expiry: Expiry;
  scopes: string[];
  addresses: string;
  limit: string;
  windowSeconds: string;
  credits: string;
}

const EMPTY: Draft = {
  name: '',
  environment: 'live',
  expiry: { choice: '90', day: '' },
  scopes: [],
  addresses: '',
  limit: '',
  windowSeconds: '60',
  credits: '',
};

/** What is often wanted, by the endings of scopes. */
const PRESETS: readonly { label: string; endings: RegExp; without: string; change: Partial<Draft> }[] = [
  { label: 'Read only', endings: /(^|:)(read|list|get)$/, without: 'read', change: {} },
  { label: 'Ingest', endings: /(^|:)(write|ingest|create|send)$/, without: 'write', change: {} },
  {
    label: 'CI',
    endings: /./,
    without: '',
    change: { name: 'CI', environment: 'test', expiry: { choice: '30', day: '' } },
  },
];

const WINDOWS: readonly [seconds: string, label: string][] = [
  ['1', 'second'],
  ['60', 'minute'],
  ['3600', 'hour'],
  ['86400', 'day'],
];

const FIELDS = ['name', 'environment', 'expiresAt', 'scopes', 'ipAllowlist', 'rateLimits', 'credits'];

export function CreateKeyDialog({
  application,
  onCreated,
  onClose,
}: {
  application: Application;
  onCreated: (secret: ShownSecret) => void;
  onClose: () => void;
}) {
  const [draft, setDraft] = useState(EMPTY);
  const nameRequest = useIdempotencyKey();
  const [startedAt] = useState(Date.now);
  const [isMoreOpen, setMoreOpen] = useState(false);
  const change = (changes: Partial<Draft>): void => {
    setDraft((known) => ({ ...known, ...changes }));
  };
  const { isBusy, problem, submit } = useSubmit(async () => {
    const body = requestOf(draft, startedAt);
    const params = {
      query: { ApplicationId: application.id },
      header: { 'Idempotency-Key': nameRequest(body) },
    };
    const secret = new ShownSecret(unwrap(await client.POST('/apikey', { params, body })));
    onCreated(secret);
    await queryClient.invalidateQueries({ queryKey: keysQuery(application.id).queryKey });
  });

  return (
    <Dialog title="Create key" onClose={onClose} isWide>
      <form onSubmit={submit} className="dialog-form" noValidate>
        <div className="stack dialog-body">
          <div className="presets" role="group" aria-label="Presets">
            <span className="soft small">Start from</span>
            {PRESETS.map(({ label, endings, without, change: changes }) => (
              <button
                key={label}
                type="button"
                className="chip"
                onClick={() => {
                  const scopes =
                    application.scopes?.filter((scope) => endings.test(scope)) ?? wordsOf(without);
                  setDraft({ ...EMPTY, name: draft.name, ...changes, scopes });
                }}
              >
                {label}
              </button>
            ))}
          </div>
          <TextField
            label="Name"
            value={draft.name}
            autoFocus
            autoComplete="off"
            placeholder="Production collector"
            onChange={({ target }) => {
              change({ name: target.value });
            }}
            error={problem?.of('name')}
            hint="Where it will be used, so that you know it again."
          />
          <div className="columns">
            <Select
              label="Environment"
              value={draft.environment}
              onChange={({ target }) => {
                change({ environment: target.value as ApiKey['environment'] });
              }}
              error={problem?.of('environment')}
            >
              <option value="live">Live</option>
              <option value="test">Test</option>
            </Select>
            <ExpiryField
              value={draft.expiry}
              onChange={(expiry) => {
                change({ expiry });
              }}
              error={problem?.of('expiresAt')}
            />
          </div>
          <ScopesField
            declared={application.scopes}
            value={draft.scopes}
            onChange={(scopes) => {
              change({ scopes });
            }}
            error={problem?.of('scopes')}
          />
          <details
            className="more"
            open={isMoreOpen || problem?.isAbout(['ipAllowlist', 'rateLimits', 'credits']) === true}
            onToggle={({ currentTarget }) => {
              setMoreOpen(currentTarget.open);
            }}
          >
            <summary>More: addresses, rate limit, credits</summary>
            <div className="stack">
              <TextArea
                label="Addresses it may be used from"
                value={draft.addresses}
                className="mono"
                rows={2}
                placeholder="192.0.2.0/24"
                onChange={({ target }) => {
                  change({ addresses: target.value });
                }}
                error={problem?.of('ipAllowlist')}
                hint="Addresses or CIDR ranges; none for everywhere."
              />
              <div className="columns">
                <TextField
                  label="Rate limit"
                  inputMode="numeric"
                  value={draft.limit}
                  placeholder="None"
                  onChange={({ target }) => {
                    change({ limit: target.value });
                  }}
                  error={problem?.of('rateLimits')}
                />
                <Select
                  label="In every"
                  value={draft.windowSeconds}
                  onChange={({ target }) => {
                    change({ windowSeconds: target.value });
                  }}
                >
                  {WINDOWS.map(([seconds, label]) => (
                    <option key={seconds} value={seconds}>
                      {label}
                    </option>
                  ))}
                </Select>
              </div>
              <TextField
                label="Credits"
                inputMode="numeric"
                value={draft.credits}
                placeholder="Unlimited"
                onChange={({ target }) => {
                  change({ credits: target.value });
                }}
                error={problem?.of('credits')}
                hint="Each verification spends one."
              />
            </div>
          </details>
          <FormProblem problem={problem} fields={FIELDS} />
        </div>
        <footer>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" kind="primary" isBusy={isBusy}>
            Create key
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}

/** A choice among the scopes of the application; words, where it declares none. */
function ScopesField({
  declared,
  value,
  onChange,
  error,
}: {
  declared: readonly string[] | null;
  value: readonly string[];
  onChange: (scopes: string[]) => void;
  error: string | undefined;
}) {
  const [typed, setTyped] = useState<string>();
  if (declared === null) {
    const shown =
      typed !== undefined && wordsOf(typed).join(' ') === value.join(' ') ? typed : value.join(' ');
    return (
      <TextField
        label="Scopes (optional)"
        className="mono"
        value={shown}
        autoComplete="off"
        spellCheck={false}
        placeholder="orders:read orders:write"
        onChange={({ target }) => {
          setTyped(target.value);
          onChange(wordsOf(target.value));
        }}
        error={error}
        hint="Separated by spaces. A key without scopes is refused wherever one is asked for."
      />
    );
  }
  return (
    <Field label="Scopes" error={error}>
      {({ id, 'aria-describedby': describedBy }) => (
        <fieldset id={id} className="scopes" aria-describedby={describedBy} aria-label="Scopes">
          {declared.map((scope) => (
            <label key={scope} className="check">
              <input
                type="checkbox"
                checked={value.includes(scope)}
                onChange={({ target }) => {
                  onChange(declared.filter((one) => (one === scope ? target.checked : value.includes(one))));
                }}
              />
              <code>{scope}</code>
            </label>
          ))}
        </fieldset>
      )}
    </Field>
  );
}

/** What is asked of the service. What is no number is sent as it is, for the service to say so. */
function requestOf(draft: Draft, now: number): IssueApiKey {
  const numberOf = (text: string): number =>
    /^\d+$/.test(text.trim()) ? Number(text) : (text as unknown as number);
  const addresses = wordsOf(draft.addresses);
  const windowSeconds = Number(draft.windowSeconds);
  const limitName = WINDOWS.find(([seconds]) => seconds === draft.windowSeconds)?.[1] ?? 'limit';
  return {
    ...(draft.name.trim() !== '' && { name: draft.name }),
    environment: draft.environment,
    scopes: draft.scopes,
    expiresAt: timeOf(draft.expiry, now),
    ...(addresses.length > 0 && { ipAllowlist: addresses }),
    ...(draft.limit.trim() !== '' && {
      rateLimits: [{ name: limitName, limit: numberOf(draft.limit), windowSeconds }],
    }),
    ...(draft.credits.trim() !== '' && { credits: { remaining: numberOf(draft.credits) } }),
  };
}
