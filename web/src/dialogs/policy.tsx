import { useState } from 'react';
import { client } from '../api/client.js';
import { hygieneQuery, policyQuery, type Policy } from '../api/policy.js';
import { unwrap } from '../api/problem.js';
import { queryClient } from '../api/queries.js';
import { Button } from '../components/button.js';
import { Dialog } from '../components/dialog.js';
import { FormProblem, Select, TextField } from '../components/field.js';
import { useSubmit } from '../components/use-submit.js';
import { wordsOf } from './words.js';

interface Draft {
  maxLifetime: string;
  requireExpiry: boolean;
  requireIpAllowlist: boolean;
  restrictsScopes: boolean;
  allowedScopes: string;
  rotateEvery: string;
  onLeak: Policy['onLeak'];
}

const FIELDS = ['maxLifetime', 'allowedScopes', 'rotateEvery', 'onLeak'];

/** Changes what an application demands of its keys. */
export function PolicyDialog({
  applicationId,
  policy,
  onChanged,
  onClose,
}: {
  applicationId: string;
  policy: Policy;
  /** With the number of keys that break it now. */
  onChanged: (violations: number) => void;
  onClose: () => void;
}) {
  const [draft, setDraft] = useState(() => draftOf(policy));
  const change = (changes: Partial<Draft>): void => {
    setDraft((known) => ({ ...known, ...changes }));
  };
  const { isBusy, problem, submit } = useSubmit(async () => {
    const { violations, ...changed } = unwrap(
      await client.PATCH('/applications/{id}/policy', {
        params: { path: { id: applicationId } },
        body: policyOf(draft),
      }),
    );
    queryClient.setQueryData(policyQuery(applicationId).queryKey, changed);
    await queryClient.invalidateQueries({ queryKey: hygieneQuery(applicationId).queryKey });
    onChanged(violations.count);
  });

  return (
    <Dialog title="Edit policy" onClose={onClose}>
      <form onSubmit={submit} className="dialog-form" noValidate>
        <div className="stack dialog-body">
          <p className="soft">
            Keys that are there already go on working. Those that break it are named under Hygiene.
          </p>
          <TextField
            label="Longest lifetime, in days"
            inputMode="numeric"
            value={draft.maxLifetime}
            placeholder="Any"
            onChange={({ target }) => {
              change({ maxLifetime: target.value });
            }}
            error={problem?.of('maxLifetime')}
          />
          <Check
            label="Keys have to expire"
            checked={draft.requireExpiry}
            onChange={(requireExpiry) => {
              change({ requireExpiry });
            }}
          />
          <Check
            label="Keys have to be bound to addresses"
            checked={draft.requireIpAllowlist}
            onChange={(requireIpAllowlist) => {
              change({ requireIpAllowlist });
            }}
          />
          <Check
            label="Keys may have these scopes alone"
            checked={draft.restrictsScopes}
            onChange={(restrictsScopes) => {
              change({ restrictsScopes });
            }}
          />
          {draft.restrictsScopes && (
            <TextField
              label="Scopes allowed"
              className="mono"
              value={draft.allowedScopes}
              spellCheck={false}
              autoComplete="off"
              placeholder="orders:* reports:read"
              onChange={({ target }) => {
                change({ allowedScopes: target.value });
              }}
              error={problem?.of('allowedScopes')}
              hint="Separated by spaces. orders:* allows everything below orders."
            />
          )}
          <div className="columns">
            <TextField
              label="Rotation due after, in days"
              inputMode="numeric"
              value={draft.rotateEvery}
              placeholder="Never"
              onChange={({ target }) => {
                change({ rotateEvery: target.value });
              }}
              error={problem?.of('rotateEvery')}
            />
            <Select
              label="When a key is found in public"
              value={draft.onLeak}
              onChange={({ target }) => {
                change({ onLeak: target.value as Policy['onLeak'] });
              }}
              error={problem?.of('onLeak')}
            >
              <option value="revoke">Revoke it</option>
              <option value="disable">Disable it</option>
              <option value="flag">Only tell us</option>
            </Select>
          </div>
          <FormProblem problem={problem} fields={FIELDS} />
        </div>
        <footer>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" kind="primary" isBusy={isBusy}>
            Save policy
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}

function Check({
  label,
  checked,
  onChange,
}: {
  label: string;
  checked: boolean;
  onChange: (checked: boolean) => void;
}) {
  return (
    <label className="check">
      <input
        type="checkbox"
        checked={checked}
        onChange={({ target }) => {
          onChange(target.checked);
        }}
      />
      {label}
    </label>
  );
}

function draftOf({
  maxLifetime,
  requireExpiry,
  requireIpAllowlist,
  allowedScopes,
  rotateEvery,
  onLeak,
}: Policy): Draft {
  return {
    maxLifetime: maxLifetime === null ? '' : String(maxLifetime),
    requireExpiry,
    requireIpAllowlist,
    restrictsScopes: allowedScopes !== null,
    allowedScopes: (allowedScopes ?? []).join(' '),
    rotateEvery: rotateEvery === null ? '' : String(rotateEvery),
    onLeak,
  };
}

/** What is no number is sent as it is, for the service to say so. */
function policyOf(draft: Draft): Policy {
  const daysOf = (text: string): number | null => {
    const trimmed = text.trim();
    if (trimmed === '') return null;
    return /^\d+$/.test(trimmed) ? Number(trimmed) : (trimmed as unknown as number);
  };
  return {
    maxLifetime: daysOf(draft.maxLifetime),
    requireExpiry: draft.requireExpiry,
    requireIpAllowlist: draft.requireIpAllowlist,
    allowedScopes: draft.restrictsScopes ? wordsOf(draft.allowedScopes) : null,
    rotateEvery: daysOf(draft.rotateEvery),
    onLeak: draft.onLeak,
  };
}
