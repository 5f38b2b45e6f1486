import type { Subject } from '../../../shared/subject.js';

/** Who is calling, as a verified access token says. */
export interface Principal extends Subject {
  readonly scopes: ReadonlySet<string>;
}
