import { BlockList, isIP } from 'node:net';

/** At most this many ranges on one key. */
export const MAX_ADDRESS_RANGES = 100;

/** The addresses a key may be used from, as CIDR ranges (RFC 4632, RFC 4291 section 2.3). */
export class AddressList {
  private readonly ranges = new BlockList();
  /** How many ranges there are. */
  readonly size: number;

  /** @param ranges Such as `192.0.2.0/24` and `2001:db8::/32`. */
  constructor(ranges: readonly string[]) {
    this.size = ranges.length;
    for (const range of ranges) {
      const [address = '', bits] = range.split('/');
      const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
      this.ranges.addSubnet(address, Number(bits ?? (family === 'ipv6' ? 128 : 32)), family);
    }
  }

  /** An IPv4-mapped IPv6 address (RFC 4291, section 2.5.5.2) is the IPv4 address. Unknown addresses are not in any list. */
  includes(address: string | undefined): boolean {
    if (address === undefined) return false;
    const family = isIP(address);
    return family !== 0 && this.ranges.check(address, family === 6 ? 'ipv6' : 'ipv4');
  }
}
