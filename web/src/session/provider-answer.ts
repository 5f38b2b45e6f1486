/** The address that a provider sends browsers back to. */
const PATH = '/dashboard/callback';

let answer: string | undefined;

// Before the router reads the address: an authorization code has no place in the history of a browser.
if (location.pathname === PATH) {
  answer = location.search.slice(1);
  history.replaceState(null, '', PATH);
}

/** What the provider has sent the browser back with, once; undefined when it has not. */
export function takeProviderAnswer(): string | undefined {
  const taken = answer === '' ? undefined : answer;
  answer = undefined;
  return taken;
}
