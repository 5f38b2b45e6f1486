import type { components } from './schema.js';

type Problem = components['schemas']['Problem'];

/** The service has refused a call, or could not be asked. What it says is meant for people, and shown to them. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly code: string;
  readonly status: number;
  readonly requestId: string | undefined;
  readonly #errors: NonNullable<Problem['errors']>;

  constructor(problem: Partial<Problem> | undefined, response?: Response, options?: ErrorOptions) {
    super(problem?.detail ?? 'The service gave no answer that can be read. Try again in a moment.', options);
    this.code = problem?.code ?? 'unreadable';
    this.status = response?.status ?? 0;
    this.requestId = problem?.requestId;
    this.#errors = problem?.errors ?? [];
  }

  static unreachable(cause: unknown): ProblemError {
    const detail = 'The service cannot be reached. Check your connection and try again.';
    return new ProblemError({ detail }, undefined, { cause });
  }

  static signedOut(): ProblemError {
    return new ProblemError({ detail: 'Sign in again to go on.', code: 'unauthenticated' });
  }

  /** Whether the same call may do better in a moment. */
  get isPassing(): boolean {
    return this.status === 0 || this.status >= 500;
  }

  /** What is wrong, with the names that the request has for its fields. */
  get errors(): NonNullable<Problem['errors']> {
    return this.#errors;
  }

  /** What is wrong with a field of a form. */
  of(field: string): string | undefined {
    const own = this.#errors.filter((error) => error.field.split(/[.[]/, 1)[0] === field);
    return own.length === 0 ? undefined : own.map((error) => sentence(error)).join(' ');
  }

  /** Whether each of its errors has a field among these to stand at. */
  isAbout(fields: readonly string[]): boolean {
    return (
      this.#errors.length > 0 &&
      this.#errors.every((error) => fields.includes(error.field.split(/[.[]/, 1)[0] ?? ''))
    );
  }
}

/** The answer of a call; throws its refusal. */
export function unwrap<Data>({
  data,
  error,
  response,
}: {
  data?: Data;
  error?: unknown;
  response: Response;
}): Data {
  if (response.ok) return data as Data;
  throw new ProblemError(error as Partial<Problem> | undefined, response);
}

/** "must be a string" is said of a field that is named above it: its name in the request is left out. */
function sentence({ field, message }: { field: string; message: string }): string {
  const name = field.split(/[.[]/, 1)[0] ?? '';
  const said = [`each value in ${name} `, `${name} `].find((start) => message.startsWith(start)) ?? '';
  const rest = message.slice(said.length);
  const text = rest.charAt(0).toUpperCase() + rest.slice(1);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
