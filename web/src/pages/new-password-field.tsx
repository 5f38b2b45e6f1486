import { TextField } from '../components/field.js';

export function NewPasswordField({
  label,
  value,
  onChange,
  error,
  autoFocus = false,
}: {
  label: string;
  value: string;
  onChange: (value: string) => void;
  error: string | undefined;
  autoFocus?: boolean;
}) {
  return (
    <TextField
      label={label}
      name="new-password"
      type="password"
      autoComplete="new-password"
      autoFocus={autoFocus}
      value={value}
      onChange={({ target }) => {
        onChange(target.value);
      }}
      error={error}
      hint="At least 8 characters. A few words are easy to remember and hard to guess."
    />
  );
}
