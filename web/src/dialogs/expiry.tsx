import { Field } from '../components/field.js';

const EXPIRIES = ['7', '30', '90', '365', 'custom', 'never'] as const;
type ExpiryChoice = (typeof EXPIRIES)[number] | 'kept';

export interface Expiry {
  choice: ExpiryChoice;
  /** As the browser's field for days has it; for `custom`. */
  day: string;
}

const LABELS: Readonly<Record<ExpiryChoice, string>> = {
  '7': 'In 7 days',
  '30': 'In 30 days',
  '90': 'In 90 days',
  '365': 'In 1 year',
  custom: 'On a day …',
  never: 'Never',
  kept: 'As it is',
};

const DAY_MS = 86_400_000;
const shown = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });

/**
 * The time that is chosen: days from now, or the end of a day where the person is; null for never, and undefined for
 * what it is already.
 */
export function timeOf({ choice, day }: Expiry, now: number): string | null | undefined {
  if (choice === 'kept') return undefined;
  if (choice === 'never') return null;
  if (choice !== 'custom') return new Date(now + Number(choice) * DAY_MS).toISOString();
  const end = new Date(`${day}T23:59:59`);
  // The service says what is wrong with it.
  return Number.isNaN(end.getTime()) ? '' : end.toISOString();
}

export function ExpiryField({
  value,
  kept,
  onChange,
  error,
}: {
  value: Expiry;
  /** What it is already, for a key that there is: it need not be changed. */
  kept?: string | null;
  onChange: (value: Expiry) => void;
  error: string | undefined;
}) {
  const { choice, day } = value;
  const hint = hintOf(choice, kept);
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
            {EXPIRIES.map((one) => (
              <option key={one} value={one}>
                {LABELS[one]}
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

function hintOf(choice: ExpiryChoice, kept: string | null | undefined): string | undefined {
  if (choice === 'never' || choice === 'custom') return undefined;
  if (choice !== 'kept') return `On ${shown.format(Date.now() + Number(choice) * DAY_MS)}.`;
  return kept ? `On ${shown.format(new Date(kept))}.` : 'Never.';
}
