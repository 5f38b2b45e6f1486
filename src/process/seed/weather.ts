import type { Denial } from '../../modules/denials/index.js';
import type { Shape } from './traffic.js';

/** An application as somebody may have it who sells the weather: what it is called, and whom it has handed keys to. */
export const APPLICATION = {
  name: 'Harbour Weather',
  description: 'Forecasts, tides and storm warnings for ports, pilots and whoever sails past them.',
  environment: 'production',
  scopes: ['forecast:read', 'tides:read', 'warnings:read', 'stations:read', 'stations:write', 'history:read'],
} as const;

export const SERVICE_KEYS = [
  { name: 'API gateway', scopes: ['keys:verify'] },
  { name: 'Billing', scopes: ['keys:verify', 'apikeys:read'] },
  { name: 'Provisioning', scopes: ['apikeys:read', 'apikeys:write', 'applications:read'] },
] as const;

export interface SeededKey {
  readonly name: string;
  readonly environment: 'live' | 'test';
  readonly scopes: readonly string[];
  readonly tags: readonly string[];
  readonly externalId?: string;
  /** Days ago. */
  readonly createdDaysAgo: number;
  /** Days from now; one that lies behind has expired. Undefined for never. */
  readonly expiresInDays?: number;
  /** Has been disabled, revoked, or given a second secret. */
  readonly became?: 'disabled' | 'revoked' | 'rotated';
  /** Units in a minute. */
  readonly perMinute?: number;
  readonly credits?: number;
  readonly addresses?: readonly string[];
  /** Verifications on a usual day; 0 for one that has never been used. */
  readonly perDay: number;
  readonly shape: Shape;
  /** Days for which it was not used any more. */
  readonly silentForDays?: number;
}

const READING = ['forecast:read', 'tides:read', 'warnings:read'];

/** One customer has one key, as it should be. */
const CUSTOMERS: readonly [
  name: string,
  perDay: number,
  createdDaysAgo: number,
  plan: 'free' | 'pro' | 'port',
][] = [
  ['Port of Rotterdam', 21_400, 410, 'port'],
  ['Hamburg Pilots', 9_800, 388, 'port'],
  ['Port of Antwerp', 12_600, 300, 'port'],
  ['Nordic Ferries', 7_450, 214, 'pro'],
  ['Kiel Canal Authority', 4_300, 260, 'port'],
  ['Baltic Container Line', 5_900, 171, 'pro'],
  ['Windfarm Dogger North', 6_250, 122, 'pro'],
  ['Lighthouse Radio', 640, 350, 'free'],
  ['Regatta Live', 2_150, 96, 'pro'],
  ['Tide Clock App', 15_200, 203, 'pro'],
  ['Seaside Cams', 1_900, 88, 'free'],
  ['Crab & Co. Fisheries', 310, 145, 'free'],
  ['Salvage Partners', 120, 277, 'free'],
  ['Surf Report EU', 3_800, 75, 'pro'],
  ['Coastguard Training', 95, 64, 'free'],
  ['Dredging Works', 870, 240, 'pro'],
  ['Yacht Club Blankenese', 230, 190, 'free'],
  ['Harbour Museum', 45, 330, 'free'],
  ['Island Post', 540, 51, 'free'],
  ['North Sea Divers', 160, 44, 'free'],
  ['Oyster Farm Sylt', 85, 37, 'free'],
  ['Marina Stockholm', 720, 33, 'pro'],
  ['Ship Spotter', 2_600, 29, 'free'],
  ['Breakwater Insurance', 1_050, 18, 'pro'],
  ['Drone Survey Lab', 390, 12, 'free'],
  ['Kite School Fehmarn', 25, 6, 'free'],
];

const PLANS = {
  free: { scopes: READING.slice(0, 2), perMinute: 60, shape: 'day' },
  pro: { scopes: READING, perMinute: 600, shape: 'day' },
  port: { scopes: [...READING, 'history:read'], perMinute: 3000, shape: 'flat' },
} as const;

const OF_CUSTOMERS = CUSTOMERS.map(([name, perDay, createdDaysAgo, plan], index): SeededKey => {
  const { scopes, perMinute, shape } = PLANS[plan];
  return {
    name,
    environment: 'live',
    scopes,
    tags: ['customer', plan],
    externalId: `cus_${String(1001 + index * 7)}`,
    createdDaysAgo,
    perDay,
    shape,
    perMinute,
    ...(plan === 'free' && { credits: 50_000 }),
    ...(plan !== 'port' && { expiresInDays: 40 + ((index * 37) % 300) }),
  };
});

/** What is to be noticed: keys that end soon, that nobody uses, that may do more than they need to. */
const OTHERS: readonly SeededKey[] = [
  internal('Station uplink', {
    scopes: ['stations:write'],
    perDay: 34_600,
    createdDaysAgo: 420,
    shape: 'flat',
    addresses: ['198.51.100.0/24'],
  }),
  internal('Forecast renderer', {
    scopes: ['stations:read', 'history:read'],
    perDay: 18_900,
    createdDaysAgo: 415,
    shape: 'flat',
  }),
  internal('Warning dispatcher', {
    scopes: ['warnings:read', 'stations:read'],
    perDay: 2_880,
    createdDaysAgo: 401,
    shape: 'flat',
    expiresInDays: 9,
  }),
  internal('Website', {
    scopes: READING,
    perDay: 27_300,
    createdDaysAgo: 366,
    shape: 'day',
    became: 'rotated',
    expiresInDays: 160,
  }),
  internal('Mobile app', {
    scopes: READING,
    perDay: 41_800,
    createdDaysAgo: 240,
    shape: 'day',
    expiresInDays: 25,
  }),
  internal('Nightly archive', {
    scopes: ['history:read'],
    perDay: 1_400,
    createdDaysAgo: 330,
    shape: 'night',
    expiresInDays: 4,
  }),
  internal('Data science notebooks', {
    scopes: [],
    perDay: 60,
    createdDaysAgo: 150,
    shape: 'day',
    silentForDays: 41,
  }),
  internal('Old website', {
    scopes: READING,
    perDay: 5_200,
    createdDaysAgo: 420,
    shape: 'day',
    silentForDays: 20,
    became: 'revoked',
  }),
  internal('Contractor', {
    scopes: ['stations:read', 'stations:write'],
    perDay: 40,
    createdDaysAgo: 95,
    shape: 'day',
    silentForDays: 30,
    became: 'revoked',
  }),
  internal('Buoy prototype', {
    scopes: ['stations:write'],
    perDay: 480,
    createdDaysAgo: 120,
    shape: 'flat',
    silentForDays: 26,
    became: 'disabled',
  }),
  internal('Trial of Harbour Taxi', {
    scopes: ['forecast:read'],
    perDay: 210,
    createdDaysAgo: 60,
    shape: 'day',
    silentForDays: 15,
    expiresInDays: -15,
  }),
  internal('Continuous integration', {
    scopes: READING,
    perDay: 520,
    createdDaysAgo: 200,
    shape: 'day',
    environment: 'test',
    expiresInDays: 90,
  }),
  internal('Staging', {
    scopes: READING,
    perDay: 930,
    createdDaysAgo: 198,
    shape: 'day',
    environment: 'test',
  }),
  internal('Tide table widget', { scopes: ['tides:read'], perDay: 0, createdDaysAgo: 47, shape: 'day' }),
];

export const KEYS: readonly SeededKey[] = [...OF_CUSTOMERS, ...OTHERS];

function internal(
  name: string,
  key: Pick<SeededKey, 'scopes' | 'perDay' | 'createdDaysAgo' | 'shape'> & Partial<SeededKey>,
): SeededKey {
  return { name, environment: 'live', tags: ['internal'], ...key };
}

/** Why some of them were refused lately, and how many hours ago. */
export const REFUSALS: readonly ({ key: string; hoursAgo: number } & Pick<
  Denial,
  'verdict' | 'cause' | 'details'
>)[] = [
  { key: 'Old website', hoursAgo: 161, verdict: 'REVOKED', cause: 'revoked', details: {} },
  {
    key: 'Trial of Harbour Taxi',
    hoursAgo: 140,
    verdict: 'EXPIRED',
    cause: 'key_expired',
    details: { expiredForSeconds: 791_100 },
  },
  { key: 'Buoy prototype', hoursAgo: 97, verdict: 'DISABLED', cause: 'disabled', details: {} },
  { key: 'Station uplink', hoursAgo: 71, verdict: 'FORBIDDEN', cause: 'address_not_allowed', details: {} },
  { key: 'Old website', hoursAgo: 52, verdict: 'REVOKED', cause: 'revoked', details: {} },
  {
    key: 'Ship Spotter',
    hoursAgo: 31,
    verdict: 'RATE_LIMITED',
    cause: 'rate_limit',
    details: {
      rateLimits: [{ name: 'burst', limit: 60, windowSeconds: 60, remaining: 0 }],
      retryAfterSeconds: 11,
    },
  },
  {
    key: 'Seaside Cams',
    hoursAgo: 20,
    verdict: 'INSUFFICIENT_PERMISSIONS',
    cause: 'scopes_missing',
    details: { scopes: ['warnings:read'], missingScopes: ['warnings:read'] },
  },
  { key: 'Station uplink', hoursAgo: 9, verdict: 'FORBIDDEN', cause: 'address_not_allowed', details: {} },
  {
    key: 'Tide Clock App',
    hoursAgo: 5,
    verdict: 'RATE_LIMITED',
    cause: 'rate_limit',
    details: {
      rateLimits: [{ name: 'burst', limit: 600, windowSeconds: 60, remaining: 0 }],
      retryAfterSeconds: 3,
    },
  },
  { key: 'Old website', hoursAgo: 2, verdict: 'REVOKED', cause: 'revoked', details: {} },
  {
    key: 'Ship Spotter',
    hoursAgo: 1,
    verdict: 'RATE_LIMITED',
    cause: 'rate_limit',
    details: {
      rateLimits: [{ name: 'burst', limit: 60, windowSeconds: 60, remaining: 0 }],
      retryAfterSeconds: 24,
    },
  },
];
