import { Transform } from 'class-transformer';
import { ValidateBy, type ValidationArguments, type ValidationOptions } from 'class-validator';
import ipaddr from 'ipaddr.js';
import { isIP } from 'node:net';
import { metadataProblem } from '../domain/metadata.js';

/** Keeps an object as it came: class-transformer would rebuild it, and change some. */
export function AsGiven(): PropertyDecorator {
  return Transform(({ obj, key }: { obj: Record<string, unknown>; key: string }) => obj[key]);
}

export function IsMetadata(): PropertyDecorator {
  return ValidateBy({
    name: 'isMetadata',
    validator: {
      validate: (value) => metadataProblem(value) === null,
      defaultMessage: (args?: ValidationArguments) => metadataProblem(args?.value) ?? '',
    },
  });
}

/**
 * Reads addresses and CIDR ranges into the form PostgreSQL's `cidr` has. An IPv4-mapped IPv6 range is the IPv4 range
 * (RFC 4291, section 2.5.5.2). What is none is left as it is, for `IsRange` to refuse.
 */
export function ReadRanges(): PropertyDecorator {
  return Transform(({ value }: { value: unknown }) =>
    Array.isArray(value) ? [...new Set(value.map((item: unknown) => readRange(item) ?? item))] : value,
  );
}

export function IsRange(options?: ValidationOptions): PropertyDecorator {
  return ValidateBy(
    {
      name: 'isRange',
      validator: {
        validate: (value) => readRange(value) !== null,
        defaultMessage: () =>
          '$property must be IPv4 or IPv6 addresses or CIDR ranges without host bits, smaller than everything',
      },
    },
    options,
  );
}

function readRange(value: unknown): string | null {
  // Strict forms only: ipaddr.js by itself takes 10.1 and 0x7f.1 for addresses.
  if (typeof value !== 'string') return null;
  const [text = '', bitsText, ...rest] = value.split('/');
  if (isIP(text) === 0 || text.includes('%') || rest.length > 0) return null;
  if (bitsText !== undefined && !/^(?:0|[1-9]\d{0,2})$/.test(bitsText)) return null;
  const given = ipaddr.parse(text);
  const givenBits = bitsText === undefined ? widthOf(given) : Number(bitsText);
  if (givenBits > widthOf(given)) return null;
  const mapped = given instanceof ipaddr.IPv6 && given.isIPv4MappedAddress() && givenBits >= 96;
  const address = mapped ? given.toIPv4Address() : given;
  const bits = mapped ? givenBits - 96 : givenBits;
  // A list that lets everybody in is a mistake: leave it out instead.
  if (bits === 0) return null;
  const range = `${address.toString()}/${bits}`;
  return networkOf(address, range) === address.toString() ? range : null;
}

function widthOf(address: ipaddr.IPv4 | ipaddr.IPv6): 32 | 128 {
  return address.kind() === 'ipv4' ? 32 : 128;
}

function networkOf(address: ipaddr.IPv4 | ipaddr.IPv6, range: string): string {
  return address.kind() === 'ipv4'
    ? ipaddr.IPv4.networkAddressFromCIDR(range).toString()
    : ipaddr.IPv6.networkAddressFromCIDR(range).toString();
}
