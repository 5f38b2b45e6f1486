import {
  useId,
  type InputHTMLAttributes,
  type ReactNode,
  type SelectHTMLAttributes,
  type TextareaHTMLAttributes,
} from 'react';
import type { ProblemError } from '../api/problem.js';

interface Described {
  label: string;
  hint?: ReactNode;
  error?: string | undefined;
}

interface Wiring {
  id: string;
  'aria-invalid': boolean;
  'aria-describedby': string | undefined;
}

/** A label, what it labels, what helps with it, and what is wrong with it. */
export function Field({
  label,
  hint,
  error,
  children,
}: Described & { children: (wiring: Wiring) => ReactNode }) {
  const id = useId();
  const described = error ? `${id}-error` : hint ? `${id}-hint` : undefined;
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children({ id, 'aria-invalid': error !== undefined, 'aria-describedby': described })}
      {hint && !error && (
        <p className="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {error && (
        <p className="error" id={`${id}-error`}>
          {error}
        </p>
      )}
    </div>
  );
}

export function TextField({
  label,
  hint,
  error,
  ...input
}: Described & InputHTMLAttributes<HTMLInputElement>) {
  return (
    <Field label={label} hint={hint} error={error}>
      {(wiring) => <input {...input} {...wiring} className={`input ${input.className ?? ''}`} />}
    </Field>
  );
}

export function TextArea({
  label,
  hint,
  error,
  ...area
}: Described & TextareaHTMLAttributes<HTMLTextAreaElement>) {
  return (
    <Field label={label} hint={hint} error={error}>
      {(wiring) => <textarea rows={3} {...area} {...wiring} className={`input ${area.className ?? ''}`} />}
    </Field>
  );
}

export function Select({
  label,
  hint,
  error,
  ...select
}: Described & SelectHTMLAttributes<HTMLSelectElement>) {
  return (
    <Field label={label} hint={hint} error={error}>
      {(wiring) => <select {...select} {...wiring} className="input" />}
    </Field>
  );
}

/** A refusal, unless it stands at the fields that it is about. */
export function FormProblem({
  problem,
  fields = [],
}: {
  problem: ProblemError | undefined;
  fields?: readonly string[];
}) {
  return (
    <div role="alert">
      {problem !== undefined && !problem.isAbout(fields) && (
        <p className="notice danger">
          {problem.message}
          {problem.isPassing && problem.requestId !== undefined && (
            <span className="soft small"> Request {problem.requestId}.</span>
          )}
        </p>
      )}
    </div>
  );
}
