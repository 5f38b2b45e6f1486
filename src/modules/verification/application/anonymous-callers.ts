/** What the operator lets those see who show no service key. */
export abstract class AnonymousCallers {
  /** Whether they may verify at all: what possession of a key lets them see of it. */
  abstract readonly mayVerify: boolean;
}
