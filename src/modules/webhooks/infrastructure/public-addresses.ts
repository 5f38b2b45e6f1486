import ipaddr from 'ipaddr.js';

/** What of IPv6 is given out for the internet (RFC 4291, section 2.4): the rest is local, or means something else. */
const GLOBAL_UNICAST = ipaddr.IPv6.parse('2000::');

/** The metadata service of Azure stands on a public address. */
const PUBLIC_METADATA = new Set(['168.63.129.16']);

/**
 * Whether an address is one of the public internet, where a webhook may lead. Everything that is not known to be one is
 * refused: private, loopback, link-local and shared ranges, where metadata services of clouds listen, too, and what
 * embeds one of those in IPv6 (mapped, 6to4, Teredo, NAT64).
 */
export function isPublicAddress(text: string): boolean {
  if (!ipaddr.isValid(text) || PUBLIC_METADATA.has(text)) return false;
  const address = ipaddr.parse(text);
  if (address.range() !== 'unicast') return false;
  return address instanceof ipaddr.IPv4 || address.match(GLOBAL_UNICAST, 3);
}
