import type { ApiKey } from '../api/client.js';
import type { Policy } from '../api/policy.js';
import { Field } from '../components/field.js';

const EXPIRIES = ['7', '30', '90', '365', 'longest', 'custom', 'never'] as const;
type ExpiryChoice = (typeof EXPIRIES)[number] | 'kept';

/** What a policy leaves of expiries. */
export interface ExpiryBounds {
  /** Null for any time. */
  latest: number | null;
  isRequired: boolean;
}

const NO_BOUNDS: ExpiryBounds = { latest: null, isRequired: false };

export interface Expiry {
  choice: ExpiryChoice;
  /** As the browser's field for days has it; for `custom`. */
  day: string;
}

const LABELS: Readonly<Record<Exclude<ExpiryChoice, 'longest'>, string>> = {
  '7': 'In 7 days',
  '30': 'In 30 days',
  '90': 'In 90 days',
  '365': 'In 1 year',
  custom: 'On a day …',
  never: 'Never',
  kept: 'As it is',
};

const DAY_MS = 86_400_000;

/** The clock here may be ahead of the service's, which would find a key of the longest lifetime too long-lived. */
const MARGIN_MS = 600_000;

const shown = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });

/** What a policy leaves to a key that is made now. */
export function boundsOfNew(policy: Policy | undefined, now: number): ExpiryBounds {
  if (policy === undefined) return NO_BOUNDS;
  const { maxLifetime, requireExpiry } = policy;
  if (maxLifetime === null) return { latest: null, isRequired: requireExpiry };
  return { latest: now + maxLifetime * DAY_MS - MARGIN_MS, isRequired: true };
}

/** What it leaves to one that there is. One that breaks it already may live on, and shorter, but no longer. */
export function boundsOfKnown(
  policy: Policy | undefined,
  { createdAt, expiresAt }: Pick<ApiKey, 'createdAt' | 'expiresAt'>,
  now: number,
): ExpiryBounds {
  if (policy === undefined) return NO_BOUNDS;
  const { maxLifetime, requireExpiry } = policy;
  if (maxLifetime === null) return { latest: null, isRequired: requireExpiry };
  const allowed = Date.parse(createdAt) + maxLifetime * DAY_MS;
  if (expiresAt === null) return { latest: allowed > now ? allowed : null, isRequired: true };
  return { latest: Math.max(allowed, Date.parse(expiresAt)), isRequired: true };
}

/** The same expiry, or, where the policy does not allow that choice, the nearest that it does. */
export function allowedExpiry(expiry: Expiry, bounds: ExpiryBounds, now: number): Expiry {
  if (choicesWithin(bounds, now).some((choice) => choice === expiry.choice)) return expiry;
  return { ...expiry, choice: bounds.latest === null ? '90' : 'longest' };
}

function choicesWithin({ latest, isRequired }: ExpiryBounds, now: number): (typeof EXPIRIES)[number][] {
  return EXPIRIES.filter((choice) => {
    if (choice === 'custom') return true;
    if (choice === 'never') return !isRequired;
    if (choice === 'longest') return latest !== null && latest > now;
    return latest === null || timeIn(choice, now) < latest;
  });
}

function timeIn(days: string, now: number): number {
  return now + Number(days) * DAY_MS;
}

/**
 * The time that is chosen: days from now, or the end of a day where the person is; null for never, and undefined for
 * what it is already.
 */
export function timeOf(
  { choice, day }: Expiry,
  now: number,
  { latest } = NO_BOUNDS,
): string | null | undefined {
  if (choice === 'kept') return undefined;
  if (choice === 'never') return null;
  if (choice === 'longest') return latest === null ? null : new Date(latest).toISOString();
  if (choice !== 'custom') return new Date(timeIn(choice, now)).toISOString();
  const end = new Date(`${day}T23:59:59`);
  // The service says what is wrong with it.
  return Number.isNaN(end.getTime()) ? '' : end.toISOString();
}

export function ExpiryField({
  value,
  bounds = NO_BOUNDS,
  now,
  kept,
  onChange,
  error,
}: {
  value: Expiry;
  bounds?: ExpiryBounds;
  /** From when the days count. */
  now: number;
  /** What it is already, for a key that there is: it need not be changed. */
  kept?: string | null;
  onChange: (value: Expiry) => void;
  error: string | undefined;
}) {
  const { choice, day } = value;
  const { latest } = bounds;
  const hint = hintOf(value, kept, bounds, now);
  return (
    <>
      <Field label="Expires" error={choice === 'custom' ? undefined : error} hint={hint}>
        {(wiring) => (
          <select
            {...wiring}
            className="input"
            value={choice}
            onChange={({ target }) => {
              onChange({ choice: target.value as ExpiryChoice, day });
            }}
          >
            {kept !== undefined && <option value="kept">{LABELS.kept}</option>}
            {choicesWithin(bounds, now).map((one) => (
              <option key={one} value={one}>
                {one === 'longest'
                  ? `In ${daysOf(Math.ceil(((latest ?? now) - now) / DAY_MS))}, the longest`
                  : LABELS[one]}
              </option>
            ))}
          </select>
        )}
      </Field>
      {choice === 'custom' && (
        <Field label="Last day" error={error}>
          {(wiring) => (
            <input
              {...wiring}
              type="date"
              className="input"
              value={day}
              max={latest === null ? undefined : lastDayBefore(latest)}
              onChange={({ target }) => {
                onChange({ choice, day: target.value });
              }}
            />
          )}
        </Field>
      )}
      {choice === 'never' && (
        <p className="notice warn">
          A key that never expires is good for whoever finds it, years from now. Choose a time if you can
          renew it.
        </p>
      )}
    </>
  );
}

/** "1 day", "90 days". */
export function daysOf(count: number): string {
  return `${count} ${count === 1 ? 'day' : 'days'}`;
}

/** The last day that is over by then, where the person is. */
function lastDayBefore(time: number): string {
  const day = new Date(time);
  day.setDate(day.getDate() - 1);
  const two = (part: number): string => String(part).padStart(2, '0');
  return `${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())}`;
}

function hintOf(
  expiry: Expiry,
  kept: string | null | undefined,
  bounds: ExpiryBounds,
  now: number,
): string | undefined {
  const { choice } = expiry;
  if (choice === 'never' || choice === 'custom') return undefined;
  const time = choice === 'kept' ? kept : timeOf(expiry, now, bounds);
  return time ? `On ${shown.format(new Date(time))}.` : 'Never.';
}
