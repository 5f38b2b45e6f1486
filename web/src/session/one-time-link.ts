/** What a link that holds a one-time token is for. */
const LINK_KINDS = ['invitation', 'reset', 'verify'] as const;
type LinkKind = (typeof LINK_KINDS)[number];

export interface OneTimeLink {
  kind: LinkKind;
  token: string;
}

/** Reads `invitation=…`, `reset=…` or `verify=…`, which stands behind the `#`: no browser sends that to anybody. */
export function readLink(hash: string): OneTimeLink | undefined {
  const [, kind, token] = /^#?([a-z]+)=([\w-]{1,1000})$/.exec(hash) ?? [];
  const known = LINK_KINDS.find((one) => one === kind);
  return known === undefined || token === undefined ? undefined : { kind: known, token };
}
