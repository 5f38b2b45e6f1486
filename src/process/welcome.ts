import type { AddressInfo } from 'node:net';

/** Addresses that mean "all of this machine's": a client has to use one of them. */
const UNSPECIFIED = new Set(['0.0.0.0', '::']);

/** Where a client on this machine reaches the server. */
export function localUrl({ address, family, port }: AddressInfo): string {
  if (UNSPECIFIED.has(address)) return `http://localhost:${port}`;
  return family === 'IPv6' ? `http://[${address}]:${port}` : `http://${address}:${port}`;
}

/** From no account to a verified key, to be pasted into a shell that has curl and sed. */
function walk(url: string): string {
  return `
UPBLIT=${url}
TOKEN=$(curl -s $UPBLIT/auth/register -H 'Content-Type: application/json' \\
  -d "{\\"email\\":\\"demo-$(date +%s%N)-$RANDOM@example.com\\",\\"password\\":\\"seven tram stops to the sea\\"}" |
  sed 's/.*"accessToken":"\\([^"]*\\)".*/\\1/')
APPLICATION=$(curl -s $UPBLIT/applications -H "Authorization: Bearer $TOKEN" \\
  -H 'Content-Type: application/json' -d '{"name":"Demo"}' | sed 's/.*"id":"\\([^"]*\\)".*/\\1/')
SERVICE_KEY=$(curl -s $UPBLIT/applications/$APPLICATION/service-keys -H "Authorization: Bearer $TOKEN" \\
  -H 'Content-Type: application/json' -d '{"name":"Demo","scopes":["keys:verify"]}' | tr -d '"')
KEY=$(curl -s -X POST "$UPBLIT/apikey?ApplicationId=$APPLICATION" -H "Authorization: Bearer $TOKEN" | tr -d '"')
echo "The key: $KEY"
curl -s $UPBLIT/apikey/verify -H "Authorization: Bearer $SERVICE_KEY" \\
  -H 'Content-Type: application/json' -d "{\\"key\\":\\"$KEY\\"}" && echo
`.trim();
}

/** What a person who has just started the service wants to know next. */
export function welcome(
  url: string,
  served: { dashboard: boolean; docs: boolean },
  accounts: 'open' | 'invite' | 'off',
): string {
  return `
Upblit API keys is ready.

${served.dashboard ? `  Dashboard      ${url}/dashboard\n` : ''}${served.docs ? `  Documentation  ${url}/docs\n` : ''}  Health         ${url}/health/ready

${nextStep(url, accounts)}

Stop it with Ctrl-C.

`;
}

function nextStep(url: string, accounts: 'open' | 'invite' | 'off'): string {
  switch (accounts) {
    case 'open':
      return `From no account to a verified key (paste this into another terminal):\n\n${walk(url)}`;
    case 'invite':
      return 'An account needs an invitation: npm run account -- invite you@example.com';
    case 'off':
      return 'Nobody has an account here: call with the access token of an issuer that JWT_ISSUERS names.';
  }
}
