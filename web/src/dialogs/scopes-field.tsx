import { useState } from 'react';
import { Field, TextField } from '../components/field.js';
import { wordsOf } from './words.js';

/** A choice among the scopes of the application; words, where it declares none. */
export function ScopesField({
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
  // A key may have some that the application has declared no longer.
  const offered = [...new Set([...declared, ...value])];
  return (
    <Field
      label="Scopes"
      error={error}
      hint={offered.length === 0 ? 'There are none that a key may have.' : undefined}
    >
      {({ id, 'aria-describedby': describedBy }) => (
        <fieldset id={id} className="scopes" aria-describedby={describedBy} aria-label="Scopes">
          {offered.map((scope) => (
            <label key={scope} className="check">
              <input
                type="checkbox"
                checked={value.includes(scope)}
                onChange={({ target }) => {
                  onChange(offered.filter((one) => (one === scope ? target.checked : value.includes(one))));
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
