/** One environment variable: how it is read, what it is without one, and what `.env.example` says of it. */
export interface Variable<T> {
  about: string;
  /** As it would be written in `.env`; undefined when there is no default. */
  default: string | undefined;
  /** Throws an Error whose message completes "NAME …", and never holds the value: it may be a secret. */
  parse(text: string): T;
  /** It holds a secret, and may be named by a file: NAME_FILE. */
  isSecret?: boolean;
}
