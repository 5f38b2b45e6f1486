import createClient from 'openapi-fetch';
import type { components, paths } from '../api/schema.js';
import { ProblemError, unwrap } from '../api/problem.js';

export type User = components['schemas']['UserDto'];
type Tokens = components['schemas']['BrowserTokensDto'];

/** Why nobody is signed in any more: said on the page for signing in. */
export type Ending = 'signed-out' | 'ended';

export type SessionState =
  { status: 'unknown' } | { status: 'signed-in'; user: User } | { status: 'signed-out'; because?: Ending };

/** What tabs tell each other; a token is never in it. */
type Message = { kind: 'signed-in' } | { kind: 'signed-out'; because: Ending };

/** Says that the browser may have a cookie: without it nobody is asked for a session that cannot be there. */
const MARK = 'upblit:signed-in';
const LOCK = 'upblit:session';
/** Milliseconds before its end at which an access token is not used any more. */
const MARGIN = 30_000;

/**
 * Who is signed in. The access token is in this object alone, the refresh token in a cookie that no script can read.
 * Tabs share the cookie, so they take turns to exchange it: one that is shown twice ends the session.
 */
class Session {
  #token: { value: string; until: number } | undefined;
  #state: SessionState = { status: 'unknown' };
  #refreshing: Promise<void> | undefined;
  readonly #listeners = new Set<() => void>();
  readonly #tabs = new BroadcastChannel(LOCK);
  readonly #client = createClient<paths>({ baseUrl: location.origin });

  constructor() {
    this.#tabs.addEventListener('message', ({ data }: MessageEvent<Message>) => {
      if (data.kind === 'signed-out') this.#become({ status: 'signed-out', because: data.because });
      // Perhaps as somebody else: what is known here may not be theirs.
      else this.#refresh().catch(() => undefined);
    });
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly state = (): SessionState => this.#state;

  /** Finds out whether somebody is signed in. Throws when the service cannot be asked. */
  async start(): Promise<SessionState> {
    if (this.#state.status === 'unknown') {
      if (localStorage.getItem(MARK) === null) this.#become({ status: 'signed-out' });
      else await this.#refresh();
    }
    return this.#state;
  }

  async signIn(credentials: { email: string; password: string }): Promise<void> {
    this.#signedIn(unwrap(await this.#client.POST('/auth/browser/login', { body: credentials })));
    this.#tabs.postMessage({ kind: 'signed-in' } satisfies Message);
  }

  async register(details: {
    email: string;
    password: string;
    name?: string;
    invitation?: string;
  }): Promise<void> {
    this.#signedIn(unwrap(await this.#client.POST('/auth/browser/register', { body: details })));
    this.#tabs.postMessage({ kind: 'signed-in' } satisfies Message);
  }

  async signOut(): Promise<void> {
    await takeTurns(async () => {
      const { error, response } = await this.#client.POST('/auth/browser/logout');
      if (!response.ok) throw new ProblemError(error, response);
    });
    this.#end('signed-out');
  }

  /** A token that is good for a while. Throws when there is no session, or the service cannot be asked. */
  async token(): Promise<string> {
    if (this.#token === undefined || this.#token.until - MARGIN < Date.now()) await this.#refresh();
    if (this.#token === undefined) throw ProblemError.signedOut();
    return this.#token.value;
  }

  /** Called when the service has refused a token: another one may do. */
  forget(refused: string): void {
    if (this.#token?.value === refused) this.#token = undefined;
  }

  async #refresh(): Promise<void> {
    this.#refreshing ??= takeTurns(() => this.#exchange()).finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async #exchange(): Promise<void> {
    // The cookie must arrive even if the page is left meanwhile.
    const { data, error, response } = await this.#client
      .POST('/auth/browser/refresh', { keepalive: true })
      .catch((cause: unknown) => {
        throw ProblemError.unreachable(cause);
      });
    if (data !== undefined) this.#signedIn(data);
    else if (response.status === 401) this.#end('ended');
    else throw new ProblemError(error, response);
  }

  #signedIn({ accessToken, expiresIn, user }: Tokens): void {
    localStorage.setItem(MARK, '1');
    this.#token = { value: accessToken, until: Date.now() + expiresIn * 1000 };
    const known = this.#state;
    if (known.status !== 'signed-in' || known.user.id !== user.id)
      this.#become({ status: 'signed-in', user });
  }

  #end(because: Ending): void {
    localStorage.removeItem(MARK);
    this.#become({ status: 'signed-out', because });
    this.#tabs.postMessage({ kind: 'signed-out', because } satisfies Message);
  }

  #become(state: SessionState): void {
    if (state.status !== 'signed-in') this.#token = undefined;
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}

/** Lets one tab at a time do it. Pages over plain HTTP have no locks: there, tabs may get in each other's way. */
async function takeTurns(work: () => Promise<void>): Promise<void> {
  if (!('locks' in navigator)) return work();
  await navigator.locks.request(LOCK, work);
}

export const session = new Session();
