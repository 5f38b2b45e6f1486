import {
  CheckCircledIcon,
  CrossCircledIcon,
  EyeNoneIcon,
  EyeOpenIcon,
  MinusCircledIcon,
} from '@radix-ui/react-icons';
import { useRef, useState } from 'react';
import { client } from '../../api/client.js';
import { unwrap } from '../../api/problem.js';
import type { components } from '../../api/schema.js';
import { Button } from '../../components/button.js';
import { Field, FormProblem, TextField } from '../../components/field.js';
import { useSubmit } from '../../components/use-submit.js';
import { useTitle } from '../../components/use-title.js';
import { wordsOf } from '../../dialogs/words.js';
import '../../styles/try-key.css';
import { useApplication } from '../application-context.js';

type Explanation = components['schemas']['KeyExplanationDto'];
type Check = Explanation['checks'][number];

const FIELDS = ['key', 'scopes', 'ip', 'cost'];

/** What is checked, by the verdict on keys that fail. */
const CHECKS: Readonly<Record<Check['code'], string>> = {
  NOT_FOUND: 'A key of this application',
  REVOKED: 'Not revoked',
  DISABLED: 'Enabled',
  EXPIRED: 'Not expired',
  FORBIDDEN: 'Address allowed',
  INSUFFICIENT_PERMISSIONS: 'Scopes suffice',
  RATE_LIMITED: 'Within its rate limits',
  USAGE_EXCEEDED: 'Credits suffice',
};

const OUTCOMES = {
  passed: { label: 'Passed', icon: <CheckCircledIcon aria-hidden="true" /> },
  failed: { label: 'Failed', icon: <CrossCircledIcon aria-hidden="true" /> },
  not_checked: { label: 'Not checked', icon: <MinusCircledIcon aria-hidden="true" /> },
} as const;

/** Asks how a key would be judged. The key is in its field alone, which React does not know, and is sent once. */
export function TryKeyPage() {
  const application = useApplication();
  const key = useRef<HTMLInputElement>(null);
  const [isShown, setShown] = useState(false);
  const [scopes, setScopes] = useState('');
  const [ip, setIp] = useState('');
  const [cost, setCost] = useState('1');
  const [explanation, setExplanation] = useState<Explanation>();
  useTitle(`Try a key · ${application.name}`);
  const { isBusy, problem, submit } = useSubmit(async () => {
    setExplanation(undefined);
    const body = {
      key: key.current?.value.trim() ?? '',
      scopes: wordsOf(scopes),
      ...(ip.trim() !== '' && { ip: ip.trim() }),
      ...(cost.trim() !== '' && { cost: Number(cost) }),
    };
    const params = { path: { id: application.id } };
    setExplanation(unwrap(await client.POST('/applications/{id}/try-key', { params, body })));
  });

  return (
    <div className="try-key">
      <form className="stack try-form" onSubmit={submit} noValidate>
        <p className="soft">
          See how a key would be judged, check by check. It counts no use, spends nothing, and the key is not
          kept.
        </p>
        <Field label="Key" error={problem?.of('key')}>
          {(wiring) => (
            <div className="row">
              <input
                {...wiring}
                ref={key}
                className="input mono"
                type={isShown ? 'text' : 'password'}
                autoComplete="off"
                spellCheck={false}
                placeholder="upblit_live_…"
              />
              <button
                type="button"
                className="icon-button"
                aria-label={isShown ? 'Hide the key' : 'Show the key'}
                aria-pressed={isShown}
                onClick={() => {
                  setShown(!isShown);
                }}
              >
                {isShown ? <EyeNoneIcon aria-hidden="true" /> : <EyeOpenIcon aria-hidden="true" />}
              </button>
            </div>
          )}
        </Field>
        <TextField
          label="Scopes (optional)"
          value={scopes}
          autoComplete="off"
          placeholder={application.scopes?.[0] ?? 'orders:read'}
          hint="Those that a service would ask for."
          onChange={({ target }) => {
            setScopes(target.value);
          }}
          error={problem?.of('scopes')}
        />
        <div className="columns">
          <TextField
            label="Address of the client (optional)"
            value={ip}
            autoComplete="off"
            placeholder="203.0.113.9"
            onChange={({ target }) => {
              setIp(target.value);
            }}
            error={problem?.of('ip')}
          />
          <TextField
            label="Cost in credits"
            value={cost}
            inputMode="numeric"
            autoComplete="off"
            onChange={({ target }) => {
              setCost(target.value);
            }}
            error={problem?.of('cost')}
          />
        </div>
        <FormProblem problem={problem} fields={FIELDS} />
        <div className="row">
          <Button type="submit" kind="primary" isBusy={isBusy}>
            Try the key
          </Button>
          <Button
            onClick={() => {
              if (key.current !== null) key.current.value = '';
              setExplanation(undefined);
              key.current?.focus();
            }}
          >
            Clear
          </Button>
        </div>
      </form>
      <div role="status" className="verdict">
        {explanation !== undefined && <Verdict explanation={explanation} />}
      </div>
    </div>
  );
}

function Verdict({ explanation: { valid, code, key, checks } }: { explanation: Explanation }) {
  return (
    <>
      <h2>
        <span className={`badge dot ${valid ? 'ok' : 'danger'}`}>{code}</span>{' '}
        {key === null ? 'No key of this application' : key.name}
      </h2>
      <ol className="checks">
        {checks.map((check) => (
          <li key={check.code} className={check.outcome}>
            {OUTCOMES[check.outcome].icon}
            <div>
              <p>
                {CHECKS[check.code]} <strong>{OUTCOMES[check.outcome].label}</strong>
              </p>
              <p className="soft small">{check.detail}</p>
            </div>
            {check.outcome === 'failed' && <code className="soft small">{check.code}</code>}
          </li>
        ))}
      </ol>
    </>
  );
}
