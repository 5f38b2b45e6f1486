import { ProblemError, unwrap } from '../api/problem.js';
import { publicClient } from '../api/public-client.js';
import type { components } from '../api/schema.js';

/** Whoever is signed in. */
export type User = Omit<components['schemas']['UserDto'], 'email'> & {
  /** Null where a provider that people sign in with tells none. */
  email: string | null;
  /** Of their access tokens, when it is another one than the service. */
  issuer?: string | undefined;
};
type Tokens = components['schemas']['BrowserTokensDto'] | components['schemas']['FederatedTokensDto'];

/** Where somebody has signed in: here, or at a provider. It says which calls refresh and end it. */
type Place = 'here' | 'provider';

/** Why nobody is signed in any more: said on the page for signing in. */
export type Ending = 'signed-out' | 'ended' | 'deleted';

export type SessionState =
  { status: 'unknown' } | { status: 'signed-in'; user: User } | { status: 'signed-out'; because?: Ending };

/** What tabs tell each other; a token is never in it. */
type Message = { kind: 'signed-in' } | { kind: 'signed-out'; because: Ending };

/**
 * Says that the browser may have a cookie, and which: without it nobody is asked for a session that cannot be there.
 */
const MARK = 'upblit:signed-in';
const MARKS: Readonly<Record<Place, string>> = { here: '1', provider: 'provider' };
/** The path to return to from a provider. */
const FROM = 'upblit:from';
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
    this.#signedIn('here', unwrap(await publicClient.POST('/auth/browser/login', { body: credentials })));
    this.#tabs.postMessage({ kind: 'signed-in' } satisfies Message);
  }

  async register(details: {
    email: string;
    password: string;
    name?: string;
    invitation?: string;
  }): Promise<void> {
    this.#signedIn('here', unwrap(await publicClient.POST('/auth/browser/register', { body: details })));
    this.#tabs.postMessage({ kind: 'signed-in' } satisfies Message);
  }

  /** Leaves the page for the provider's. */
  async beginAtProvider(from: string | undefined): Promise<void> {
    const { location: provider } = unwrap(await publicClient.POST('/auth/browser/oidc/start'));
    if (from === undefined) sessionStorage.removeItem(FROM);
    else sessionStorage.setItem(FROM, from);
    location.assign(provider);
    // The page is about to go, and has nothing to offer until then.
    await new Promise<never>(() => undefined);
  }

  /** Returns the path at which it was begun. */
  async finishAtProvider(response: string): Promise<string | undefined> {
    const from = sessionStorage.getItem(FROM);
    sessionStorage.removeItem(FROM);
    this.#signedIn(
      'provider',
      unwrap(await publicClient.POST('/auth/browser/oidc/finish', { body: { response } })),
    );
    this.#tabs.postMessage({ kind: 'signed-in' } satisfies Message);
    return from ?? undefined;
  }

  /** Of a login at a provider, leads there to be signed out as well. */
  async signOut(): Promise<void> {
    const leadsTo = await takeTurns(async () => {
      if (place() === 'provider') {
        return unwrap(await publicClient.POST('/auth/browser/oidc/logout')).location;
      }
      unwrap(await publicClient.POST('/auth/browser/logout'));
      return null;
    });
    this.#end('signed-out');
    if (leadsTo !== null) location.assign(leadsTo);
  }

  /** Called when the account was deleted: there is nothing left to sign out of. */
  forgetAccount(): void {
    this.#end('deleted');
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
    const at = place();
    const path = at === 'provider' ? '/auth/browser/oidc/refresh' : '/auth/browser/refresh';
    // The cookie must arrive even if the page is left meanwhile.
    const { data, error, response } = await publicClient.POST(path, { keepalive: true });
    if (data !== undefined) this.#signedIn(at, data);
    // Where there are no such logins any more, there is none of this one.
    else if (response.status === 401 || response.status === 404) this.#end('ended');
    else throw new ProblemError(error, response);
  }

  #signedIn(at: Place, { accessToken, expiresIn, user }: Tokens): void {
    // Nobody would end the login that this browser has had in the other place.
    if (localStorage.getItem(MARK) !== null && place() !== at) this.#leave(place());
    localStorage.setItem(MARK, MARKS[at]);
    this.#token = { value: accessToken, until: Date.now() + expiresIn * 1000 };
    const known = this.#state;
    if (known.status !== 'signed-in' || known.user.id !== user.id)
      this.#become({ status: 'signed-in', user });
  }

  #leave(at: Place): void {
    const path = at === 'provider' ? '/auth/browser/oidc/logout' : '/auth/browser/logout';
    publicClient.POST(path).catch(() => undefined);
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

/** Where somebody is signed in who is. */
function place(): Place {
  return localStorage.getItem(MARK) === MARKS.provider ? 'provider' : 'here';
}

/** Lets one tab at a time do it. Pages over plain HTTP have no locks: there, tabs may get in each other's way. */
async function takeTurns<Result>(work: () => Promise<Result>): Promise<Result> {
  if (!('locks' in navigator)) return work();
  return navigator.locks.request(LOCK, work);
}

export const session = new Session();
