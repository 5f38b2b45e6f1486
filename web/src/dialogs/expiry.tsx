import type { Policy } from '../api/policy.js';
import { Field } from '../components/field.js';

const EXPIRIES = ['7', '30', '90', '365', 'longest', 'custom', 'never'] as const;
type ExpiryChoice = (typeof EXPIRIES)[number] | 'kept';

/** What a policy says of expiries. */
export type ExpiryPolicy = Pick<Policy, 'maxLifetime' | 'requireExpiry'>;

const NO_POLICY: ExpiryPolicy = { maxLifetime: null, requireExpiry: false };

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

/** The same expiry, or, where the policy does not allow that choice, the nearest that it does. */
export function allowedExpiry(expiry: Expiry, policy: ExpiryPolicy | undefined): Expiry {
  const { maxLifetime } = policy ?? NO_POLICY;
  if (choicesUnder(policy).includes(expiry.choice)) return expiry;
  return { ...expiry, choice: maxLifetime === null ? '90' : 'longest' };
}

/** The choices that a policy leaves. */
function choicesUnder({ maxLifetime, requireExpiry } = NO_POLICY): ExpiryChoice[] {
  return EXPIRIES.filter((choice) => {
    if (choice === 'custom') return true;
    if (choice === 'never') return !requireExpiry && maxLifetime === null;
    if (choice === 'longest') return maxLifetime !== null;
    return maxLifetime === null || Number(choice) < maxLifetime;
  });
}

function latest(now: number, maxLifetime: number | null): number {
  return now + (maxLifetime ?? 0) * DAY_MS - MARGIN_MS;
}

/**
 * The time that is chosen: days from now, or the end of a day where the person is; null for never, and undefined for
 * what it is already.
 */
export function timeOf(
  { choice, day }: Expiry,
  now: number,
  { maxLifetime } = NO_POLICY,
): string | null | undefined {
  if (choice === 'kept') return undefined;
  if (choice === 'never') return null;
  if (choice === 'longest') return new Date(latest(now, maxLifetime)).toISOString();
  if (choice !== 'custom') return new Date(now + Number(choice) * DAY_MS).toISOString();
  const end = new Date(`${day}T23:59:59`);
  // The service says what is wrong with it.
  return Number.isNaN(end.getTime()) ? '' : end.toISOString();
}

export function ExpiryField({
  value,
  policy,
  kept,
  onChange,
  error,
}: {
  value: Expiry;
  /** What the application demands, where it is asked. */
  policy?: ExpiryPolicy | undefined;
  /** What it is already, for a key that there is: it need not be changed. */
  kept?: string | null;
  onChange: (value: Expiry) => void;
  error: string | undefined;
}) {
  const { choice, day } = value;
  const maxLifetime = policy?.maxLifetime ?? null;
  const hint = hintOf(choice, kept, maxLifetime);
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
            {choicesUnder(policy).map((one) => (
              <option key={one} value={one}>
                {one === 'longest' ? `In ${daysOf(maxLifetime ?? 0)}, the longest` : LABELS[one]}
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
              max={maxLifetime === null ? undefined : lastDayBefore(latest(Date.now(), maxLifetime))}
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
  choice: ExpiryChoice,
  kept: string | null | undefined,
  maxLifetime: number | null,
): string | undefined {
  if (choice === 'never' || choice === 'custom') return undefined;
  if (choice === 'kept') return kept ? `On ${shown.format(new Date(kept))}.` : 'Never.';
  const now = Date.now();
  return `On ${shown.format(choice === 'longest' ? latest(now, maxLifetime) : now + Number(choice) * DAY_MS)}.`;
}
