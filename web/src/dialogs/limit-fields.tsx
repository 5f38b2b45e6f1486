import { Cross2Icon, PlusIcon } from '@radix-ui/react-icons';
import type { ApiKey } from '../api/client.js';
import type { components } from '../api/schema.js';
import { Button } from '../components/button.js';
import { Select, TextField } from '../components/field.js';

type RateLimit = ApiKey['rateLimits'][number];
type CreditChanges = components['schemas']['ChangeCreditsDto'];

/** As many as the service takes. */
const MAX_LIMITS = 5;

const WINDOWS: readonly [seconds: string, label: string][] = [
  ['1', 'second'],
  ['60', 'minute'],
  ['3600', 'hour'],
  ['86400', 'day'],
];

/** What is typed of a rate limit. */
export interface DraftLimit {
  /** Undefined for a new one, which is named by its window. */
  name: string | undefined;
  limit: string;
  windowSeconds: string;
  cost: number | undefined;
}

export function draftOf({ name, limit, windowSeconds, cost }: RateLimit): DraftLimit {
  return { name, limit: String(limit), windowSeconds: String(windowSeconds), cost };
}

/** Those of which a number is typed. What is no number is sent as it is, for the service to say so. */
export function limitsOf(drafts: readonly DraftLimit[]): RateLimit[] {
  const names = new Set(drafts.flatMap(({ name }) => name ?? []));
  return drafts
    .filter(({ limit }) => limit.trim() !== '')
    .map(({ name, limit, windowSeconds, cost }) => ({
      name: name ?? newName(windowSeconds, names),
      limit: numberOf(limit),
      windowSeconds: Number(windowSeconds),
      ...(cost !== undefined && { cost }),
    }));
}

function newName(windowSeconds: string, taken: Set<string>): string {
  const word = WINDOWS.find(([seconds]) => seconds === windowSeconds)?.[1] ?? `${windowSeconds}s`;
  let name = `per-${word}`;
  for (let count = 2; taken.has(name); count += 1) name = `per-${word}-${count}`;
  taken.add(name);
  return name;
}

function numberOf(text: string): number {
  return /^\d+$/.test(text.trim()) ? Number(text) : (text as unknown as number);
}

export function RateLimitsField({
  value,
  onChange,
  error,
}: {
  value: readonly DraftLimit[];
  onChange: (value: DraftLimit[]) => void;
  error: string | undefined;
}) {
  const change = (at: number, changes: Partial<DraftLimit>): void => {
    onChange(value.map((one, index) => (index === at ? { ...one, ...changes } : one)));
  };
  return (
    <fieldset className="limits" aria-label="Rate limits">
      {value.map(({ name, limit, windowSeconds }, index) => (
        <div key={index} className="limit">
          <TextField
            label={name === undefined ? 'Rate limit' : `Rate limit ${name}`}
            inputMode="numeric"
            value={limit}
            placeholder="None"
            onChange={({ target }) => {
              change(index, { limit: target.value });
            }}
            error={index === 0 ? error : undefined}
          />
          <Select
            label="In every"
            value={windowSeconds}
            onChange={({ target }) => {
              change(index, { windowSeconds: target.value });
            }}
          >
            {WINDOWS.every(([seconds]) => seconds !== windowSeconds) && (
              <option value={windowSeconds}>{windowSeconds} seconds</option>
            )}
            {WINDOWS.map(([seconds, label]) => (
              <option key={seconds} value={seconds}>
                {label}
              </option>
            ))}
          </Select>
          <button
            type="button"
            className="icon-button"
            aria-label={`Remove rate limit ${name ?? index + 1}`}
            onClick={() => {
              onChange(value.filter((_, at) => at !== index));
            }}
          >
            <Cross2Icon aria-hidden="true" />
          </button>
        </div>
      ))}
      {value.length < MAX_LIMITS && (
        <Button
          icon={<PlusIcon aria-hidden="true" />}
          onClick={() => {
            onChange([...value, { name: undefined, limit: '', windowSeconds: '60', cost: undefined }]);
          }}
        >
          Add a rate limit
        </Button>
      )}
      {value.length === 0 && error !== undefined && <p className="error">{error}</p>}
    </fieldset>
  );
}

/** What is typed of credits. */
export interface DraftCredits {
  /** Empty for unlimited. */
  remaining: string;
  interval: 'none' | 'daily' | 'monthly';
  amount: string;
  day: string;
}

export const UNLIMITED: DraftCredits = { remaining: '', interval: 'none', amount: '', day: '1' };

export function draftOfCredits(credits: ApiKey['credits']): DraftCredits {
  if (credits === null) return UNLIMITED;
  const { remaining, refill } = credits;
  return {
    remaining: String(remaining),
    interval: refill?.interval ?? 'none',
    amount: refill ? String(refill.amount) : '',
    day: String(refill?.day ?? 1),
  };
}

/**
 * What is to be told the service: null for unlimited, and of what is there already only what has been changed, because
 * it is spent from meanwhile. Undefined when nothing has.
 */
export function creditsOf(draft: DraftCredits, known: DraftCredits): CreditChanges | null | undefined {
  if (JSON.stringify(draft) === JSON.stringify(known)) return undefined;
  if (draft.remaining.trim() === '') return known.remaining === '' ? undefined : null;
  const { remaining, interval, amount, day } = draft;
  const refill =
    interval === 'none'
      ? null
      : { interval, amount: numberOf(amount), ...(interval === 'monthly' && { day: numberOf(day) }) };
  return { ...(remaining !== known.remaining && { remaining: numberOf(remaining) }), refill };
}

export function CreditsField({
  value,
  onChange,
  error,
}: {
  value: DraftCredits;
  onChange: (changes: Partial<DraftCredits>) => void;
  error: string | undefined;
}) {
  const { remaining, interval, amount, day } = value;
  return (
    <>
      <div className="columns">
        <TextField
          label="Credits"
          inputMode="numeric"
          value={remaining}
          placeholder="Unlimited"
          onChange={({ target }) => {
            onChange({ remaining: target.value });
          }}
          error={error}
          hint="Each verification spends one."
        />
        <Select
          label="Filled up"
          value={interval}
          disabled={remaining.trim() === ''}
          onChange={({ target }) => {
            onChange({ interval: target.value as DraftCredits['interval'] });
          }}
        >
          <option value="none">Never</option>
          <option value="daily">Every day, 00:00 UTC</option>
          <option value="monthly">Every month, 00:00 UTC</option>
        </Select>
      </div>
      {interval !== 'none' && remaining.trim() !== '' && (
        <div className="columns">
          <TextField
            label="Up to"
            inputMode="numeric"
            value={amount}
            onChange={({ target }) => {
              onChange({ amount: target.value });
            }}
          />
          {interval === 'monthly' && (
            <TextField
              label="On day"
              inputMode="numeric"
              value={day}
              onChange={({ target }) => {
                onChange({ day: target.value });
              }}
            />
          )}
        </div>
      )}
    </>
  );
}
