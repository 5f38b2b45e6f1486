import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { client, type Application } from '../api/client.js';
import { readKeysAgain, type KeyDetails } from '../api/key-queries.js';
import { policyQuery } from '../api/policy.js';
import { unwrap } from '../api/problem.js';
import { keepKey } from '../api/queries.js';
import type { components } from '../api/schema.js';
import { Button } from '../components/button.js';
import { Dialog } from '../components/dialog.js';
import { FormProblem, TextArea, TextField } from '../components/field.js';
import { say } from '../components/toast.js';
import { useSubmit } from '../components/use-submit.js';
import { boundsOfKnown, ExpiryField, timeOf, type Expiry } from './expiry.js';
import {
  CreditsField,
  creditsOf,
  draftOf,
  draftOfCredits,
  limitsOf,
  RateLimitsField,
  type DraftCredits,
  type DraftLimit,
} from './limit-fields.js';
import { PolicyNotice, scopesUnder } from './policy-notice.js';
import { ScopesField } from './scopes-field.js';
import { tagsOf, wordsOf } from './words.js';

type Changes = components['schemas']['ChangeApiKeyDto'];

const FIELDS = ['name', 'expiresAt', 'scopes', 'ipAllowlist', 'tags', 'externalId', 'rateLimits', 'credits'];

interface Draft {
  name: string;
  expiry: Expiry;
  scopes: string[];
  addresses: string;
  tags: string;
  externalId: string;
  limits: DraftLimit[];
  credits: DraftCredits;
}

/** Changes what a key may do. Only what has been changed is sent: others may be changing the rest. */
export function EditKeyDialog({
  application,
  apiKey,
  onClose,
}: {
  application: Application;
  apiKey: KeyDetails;
  onClose: () => void;
}) {
  // As it was when the dialog was opened: what is read of it meanwhile is not what has been typed here.
  const [known] = useState(apiKey);
  const [startedAt] = useState(Date.now);
  const { data: policy } = useQuery(policyQuery(application.id));
  const bounds = boundsOfKnown(policy, known, startedAt);
  const scopesOffered = scopesUnder(policy, application.scopes);
  const isBound = policy?.requireIpAllowlist === true;
  const [draft, setDraft] = useState<Draft>(() => ({
    name: known.name,
    expiry: { choice: 'kept', day: '' },
    scopes: known.scopes,
    addresses: known.ipAllowlist.join('\n'),
    tags: known.tags.join(', '),
    externalId: known.externalId ?? '',
    limits: known.rateLimits.map(draftOf),
    credits: draftOfCredits(known.credits),
  }));
  const change = (changes: Partial<Draft>): void => {
    setDraft((before) => ({ ...before, ...changes }));
  };
  const { isBusy, problem, submit } = useSubmit(async () => {
    const body = changesOf(draft, known, timeOf(draft.expiry, startedAt, bounds));
    if (Object.keys(body).length > 0) {
      const params = { path: { id: known.id } };
      const changed = unwrap(await client.PATCH('/apikey/{id}', { params, body }));
      keepKey(changed);
      say(`${changed.name} is saved.`);
      await readKeysAgain(known.applicationId);
    }
    onClose();
  });

  return (
    <Dialog title="Edit key" onClose={onClose} isWide>
      <form onSubmit={submit} className="dialog-form" noValidate>
        <div className="stack dialog-body">
          <PolicyNotice policy={policy} />
          <TextField
            label="Name"
            value={draft.name}
            autoComplete="off"
            onChange={({ target }) => {
              change({ name: target.value });
            }}
            error={problem?.of('name')}
          />
          <div className="columns">
            <ExpiryField
              value={draft.expiry}
              bounds={bounds}
              now={startedAt}
              kept={known.expiresAt}
              onChange={(expiry) => {
                change({ expiry });
              }}
              error={problem?.of('expiresAt')}
            />
            <TextField
              label="Customer (optional)"
              value={draft.externalId}
              autoComplete="off"
              placeholder="customer-42"
              onChange={({ target }) => {
                change({ externalId: target.value });
              }}
              error={problem?.of('externalId')}
              hint="Whom it is made for, as you name them."
            />
          </div>
          <ScopesField
            // What it has already, it may keep.
            declared={scopesOffered && [...new Set([...scopesOffered, ...known.scopes])]}
            value={draft.scopes}
            onChange={(scopes) => {
              change({ scopes });
            }}
            error={problem?.of('scopes')}
          />
          <TextField
            label="Tags (optional)"
            value={draft.tags}
            autoComplete="off"
            placeholder="eu, batch"
            onChange={({ target }) => {
              change({ tags: target.value });
            }}
            error={problem?.of('tags')}
            hint="Separated by commas, to find keys by."
          />
          <TextArea
            label={`Addresses it may be used from${isBound ? ' (required)' : ''}`}
            value={draft.addresses}
            className="mono"
            rows={2}
            required={isBound}
            spellCheck={false}
            placeholder="192.0.2.0/24"
            onChange={({ target }) => {
              change({ addresses: target.value });
            }}
            error={problem?.of('ipAllowlist')}
            hint={isBound ? 'Addresses or CIDR ranges.' : 'Addresses or CIDR ranges; none for everywhere.'}
          />
          <RateLimitsField
            value={draft.limits}
            onChange={(limits) => {
              change({ limits });
            }}
            error={problem?.of('rateLimits')}
          />
          <CreditsField
            value={draft.credits}
            onChange={(credits) => {
              change({ credits: { ...draft.credits, ...credits } });
            }}
            error={problem?.of('credits')}
          />
          <FormProblem problem={problem} fields={FIELDS} />
        </div>
        <footer>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" kind="primary" isBusy={isBusy}>
            Save
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}

function changesOf(draft: Draft, known: KeyDetails, expiresAt: string | null | undefined): Changes {
  const addresses = wordsOf(draft.addresses);
  const tags = tagsOf(draft.tags);
  const externalId = draft.externalId.trim() === '' ? null : draft.externalId.trim();
  const rateLimits = limitsOf(draft.limits);
  const credits = creditsOf(draft.credits, draftOfCredits(known.credits));
  return {
    ...(draft.name !== known.name && { name: draft.name }),
    ...(expiresAt !== undefined && { expiresAt }),
    ...(!isSame(draft.scopes, known.scopes) && { scopes: draft.scopes }),
    ...(!isSame(addresses, known.ipAllowlist) && { ipAllowlist: addresses }),
    ...(!isSame(tags, known.tags) && { tags }),
    ...(externalId !== known.externalId && { externalId }),
    ...(!isSame(rateLimits, known.rateLimits) && { rateLimits }),
    ...(credits !== undefined && { credits }),
  };
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
