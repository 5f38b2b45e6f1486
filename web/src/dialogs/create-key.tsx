import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { client, type ApiKey, type Application, type IssueApiKey } from '../api/client.js';
import { policyQuery } from '../api/policy.js';
import { unwrap } from '../api/problem.js';
import { readKeysAgain } from '../api/key-queries.js';
import { Button } from '../components/button.js';
import { Dialog } from '../components/dialog.js';
import { FormProblem, Select, TextArea, TextField } from '../components/field.js';
import { useSubmit } from '../components/use-submit.js';
import { allowedExpiry, boundsOfNew, ExpiryField, timeOf, type Expiry } from './expiry.js';
import {
  CreditsField,
  creditsOf,
  limitsOf,
  RateLimitsField,
  UNLIMITED,
  type DraftCredits,
  type DraftLimit,
} from './limit-fields.js';
import { PolicyNotice, scopesUnder } from './policy-notice.js';
import { ScopesField } from './scopes-field.js';
import { ShownSecret } from './secret.js';
import { useIdempotencyKey } from './shown-once.js';
import { tagsOf, wordsOf } from './words.js';

interface Draft {
  name: string;
  environment: ApiKey['environment'];
  expiry: Expiry;
  scopes: string[];
  addresses: string;
  tags: string;
  limits: DraftLimit[];
  credits: DraftCredits;
}

const EMPTY: Draft = {
  name: '',
  environment: 'live',
  expiry: { choice: '90', day: '' },
  scopes: [],
  addresses: '',
  tags: '',
  limits: [{ name: undefined, limit: '', windowSeconds: '60', cost: undefined }],
  credits: UNLIMITED,
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

/** Those that stand under "more", with the addresses, unless these are required. */
const MORE = ['tags', 'rateLimits', 'credits'];
const FIELDS = ['name', 'environment', 'expiresAt', 'scopes', 'ipAllowlist', ...MORE];

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
  const { data: policy } = useQuery(policyQuery(application.id));
  const [startedAt] = useState(Date.now);
  const bounds = boundsOfNew(policy, startedAt);
  const expiry = allowedExpiry(draft.expiry, bounds, startedAt);
  const scopesOffered = scopesUnder(policy, application.scopes);
  const nameRequest = useIdempotencyKey();
  const [isMoreOpen, setMoreOpen] = useState(false);
  const change = (changes: Partial<Draft>): void => {
    setDraft((known) => ({ ...known, ...changes }));
  };
  const { isBusy, problem, submit } = useSubmit(async () => {
    const body = requestOf(draft, timeOf(expiry, startedAt, bounds) ?? null);
    const params = {
      query: { ApplicationId: application.id },
      header: { 'Idempotency-Key': nameRequest(body) },
    };
    const secret = new ShownSecret(unwrap(await client.POST('/apikey', { params, body })));
    onCreated(secret);
    await readKeysAgain(application.id);
  });
  const isBound = policy?.requireIpAllowlist === true;
  const addresses = (
    <TextArea
      label={`Addresses it may be used from${isBound ? ' (required)' : ''}`}
      value={draft.addresses}
      className="mono"
      rows={2}
      placeholder="192.0.2.0/24"
      required={isBound}
      onChange={({ target }) => {
        change({ addresses: target.value });
      }}
      error={problem?.of('ipAllowlist')}
      hint={isBound ? 'Addresses or CIDR ranges.' : 'Addresses or CIDR ranges; none for everywhere.'}
    />
  );
  const inMore = isBound ? MORE : ['ipAllowlist', ...MORE];

  return (
    <Dialog title="Create key" onClose={onClose} isWide>
      <form onSubmit={submit} className="dialog-form" noValidate>
        <div className="stack dialog-body">
          <PolicyNotice policy={policy} />
          <div className="presets" role="group" aria-label="Presets">
            <span className="soft small">Start from</span>
            {PRESETS.map(({ label, endings, without, change: changes }) => (
              <button
                key={label}
                type="button"
                className="chip"
                onClick={() => {
                  const scopes = scopesOffered?.filter((scope) => endings.test(scope)) ?? wordsOf(without);
                  const { name, addresses: typed } = draft;
                  setDraft({ ...EMPTY, name, addresses: typed, ...changes, scopes });
                }}
              >
                {label}
              </button>
            ))}
          </div>
          <TextField
            label="Name"
            value={draft.name}
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
              value={expiry}
              bounds={bounds}
              now={startedAt}
              onChange={(chosen) => {
                change({ expiry: chosen });
              }}
              error={problem?.of('expiresAt')}
            />
          </div>
          <ScopesField
            declared={scopesOffered}
            value={draft.scopes}
            onChange={(scopes) => {
              change({ scopes });
            }}
            error={problem?.of('scopes')}
          />
          {isBound && addresses}
          <details
            className="more"
            open={isMoreOpen || inMore.some((field) => problem?.of(field) !== undefined)}
            onToggle={({ currentTarget }) => {
              setMoreOpen(currentTarget.open);
            }}
          >
            <summary>More: {!isBound && 'addresses, '}tags, rate limits, credits</summary>
            <div className="stack">
              {!isBound && addresses}
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

/** What is asked of the service. */
function requestOf(draft: Draft, expiresAt: string | null): IssueApiKey {
  const addresses = wordsOf(draft.addresses);
  const tags = tagsOf(draft.tags);
  const rateLimits = limitsOf(draft.limits);
  const credits = creditsOf(draft.credits, UNLIMITED);
  return {
    ...(draft.name.trim() !== '' && { name: draft.name }),
    environment: draft.environment,
    scopes: draft.scopes,
    expiresAt,
    ...(addresses.length > 0 && { ipAllowlist: addresses }),
    ...(tags.length > 0 && { tags }),
    ...(rateLimits.length > 0 && { rateLimits }),
    // Unlimited is what it is without any.
    ...(credits && { credits: credits as NonNullable<IssueApiKey['credits']> }),
  };
}
