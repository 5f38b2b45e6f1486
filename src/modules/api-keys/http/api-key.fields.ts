import { type ApiPropertyOptions } from '@nestjs/swagger';
import { MAX_ADDRESS_RANGES } from '../domain/address-list.js';
import { MAX_SCOPES } from '../../../shared/key-scopes.js';

export const NAME = { minLength: 1, maxLength: 100, example: 'production collector' };
export const SCOPES: ApiPropertyOptions = {
  type: [String],
  maxItems: MAX_SCOPES,
  example: ['telemetry:write'],
  description: 'What the key may do, in your own words; `telemetry:*` covers `telemetry:write`.',
};
export const METADATA = {
  type: 'object',
  additionalProperties: true,
  example: { team: 'checkout' },
  description:
    'A JSON object of yours, up to 16 KiB, 8 levels, and 1,000 fields and elements; handed back with every verification.',
} as const;
export const EXPIRES_AT = {
  type: String,
  format: 'date-time',
  nullable: true,
  example: '2027-05-27T10:00:00.000Z',
  description: 'When the key stops working, at most ten years ahead; null for never.',
} as const;

export const TAGS: ApiPropertyOptions = {
  type: [String],
  maxItems: 50,
  example: ['eu', 'batch'],
  description: 'Words of yours to find keys by.',
};
export const EXTERNAL_ID = {
  type: String,
  nullable: true,
  minLength: 1,
  maxLength: 255,
  example: 'customer-42',
  description: 'The customer of yours that the key is made for.',
} as const;
export const IP_ALLOWLIST: ApiPropertyOptions = {
  type: [String],
  maxItems: MAX_ADDRESS_RANGES,
  example: ['192.0.2.0/24', '2001:db8::/32'],
  description:
    'Addresses the key may be used from, as CIDR ranges without host bits; none for everywhere. A verification ' +
    'that does not know the client’s address is refused then.',
};

export const CREDITS = {
  description: 'What its verifications spend from, 1 each unless they say otherwise; null for unlimited.',
} as const;

export const PERSON = '019b76da-a800-7000-8000-000000000009';
export const OTHER_ISSUER = {
  description: 'The issuer of that token, when it is another one than this service.',
  example: 'https://login.example.com/',
};
