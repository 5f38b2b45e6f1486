/** The issuer of the people who registered here, whatever this service calls itself in its tokens. */
export const LOCAL_ISSUER = 'local';

const MAX_SUBJECT_LENGTH = 255;

/** A person as every issuer names them: `sub` is unique within one issuer only (OpenID Connect Core, section 2). */
export interface Subject {
  /** `local`, or the `iss` of another issuer. */
  readonly issuer: string;
  /** The token's `sub`. */
  readonly subject: string;
}

export function isSameSubject(a: Subject, b: Subject): boolean {
  return a.issuer === b.issuer && a.subject === b.subject;
}

/** What a `sub` may be: 1 to 255 characters (OpenID Connect Core, section 2), none of which controls anything. */
export function isSubjectIdentifier(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value.length > 0 &&
    value.length <= MAX_SUBJECT_LENGTH &&
    !/[\p{Cc}\p{Surrogate}]/u.test(value)
  );
}
