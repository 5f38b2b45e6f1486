/** The issuer of the people who registered here, whatever this service calls itself in its tokens. */
export const LOCAL_ISSUER = 'local';

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
