/** What is sealed for, so that nothing passes for something else. */
export type SealPurpose = 'pending-sign-in' | 'federated-session';

/** Lets a browser keep what only this service may read or make. */
export abstract class Seal {
  abstract close(purpose: SealPurpose, content: object, expiresAt: Date): Promise<string>;
  /** Undefined for what was not sealed here for this, or too long ago. */
  abstract open(purpose: SealPurpose, sealed: string): Promise<Record<string, unknown> | undefined>;
}
