import {
  boolean,
  httpsUrl,
  integer,
  oneOf,
  optional,
  optionalInteger,
  optionalOneOf,
  optionalOrigins,
  optionalUrl,
  parseCommit,
  parseHeaders,
  parseKeyPrefix,
  parseKeyPrefixes,
  parseAuthorizationParameters,
  parseClientText,
  parseSender,
  ratio,
  secret,
  text,
  trustProxy,
} from './readers.js';
import { parseBearerToken, parsePeppers, parsePreviousKeys, parseSigningKey } from './secrets.js';
import { parseTrustedIssuers } from './trusted-issuers.js';

/**
 * Every environment variable of the service, in the order of `.env.example`, which is generated from this
 * table (`npm run env:example`).
 */
export const variables = {
  NODE_ENV: oneOf(
    ['development', 'test', 'production'],
    'development',
    'In `production` nothing is made up: no embedded database, no generated secrets.',
  ),
  PORT: integer(0, 65_535, '3000', 'Port to listen on; 0 takes a free one.'),
  HOST: text('127.0.0.1', 'Address to listen on; 0.0.0.0 in a container.'),
  WEB_CONCURRENCY: integer(
    1,
    64,
    '1',
    'Processes that serve the port together, each with its own cache and connections to PostgreSQL: about as many as there are cores. What is said below of one process is true of each.',
  ),
  LOG_LEVEL: oneOf(
    ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
    'info',
    'Least severe level that is logged.',
  ),
  LOG_VERIFICATIONS: oneOf(
    ['refused', 'all', 'none'],
    'refused',
    'Which verifications have a line in the log, at the level `info`. Of those that are refused at most 20 in a second, the first of up to 20 further applications, and then their number.',
  ),
  METRICS_TOKEN: secret(
    optional(
      parseBearerToken,
      'What GET /metrics is to be asked with, as `Authorization: Bearer`: at least 16 characters. Open to everybody by default.',
    ),
  ),
  BUILD_COMMIT: optional(
    parseCommit,
    'The commit that this was built from, for the metric upblit_build_info: the Dockerfile sets it from its argument of the same name.',
  ),
  OTEL_EXPORTER_OTLP_ENDPOINT: secret(
    optionalUrl(
      ['http:', 'https:'],
      'Where traces are sent to by OTLP over HTTP, such as http://localhost:4318; /v1/traces is put after it. It takes the optional packages of OpenTelemetry. Nothing is traced by default.',
    ),
  ),
  OTEL_EXPORTER_OTLP_HEADERS: secret(
    optional(
      parseHeaders,
      'Headers that traces are sent with, as name=value,name=value; values are percent-encoded.',
    ),
  ),
  OTEL_SERVICE_NAME: text('upblit-api-keys', 'The `service.name` of the traces.'),
  OTEL_TRACES_SAMPLER_ARG: ratio(
    '1',
    'The part of the traces that is kept, from 0 to 1: of those that begin here, and of those whose callers keep theirs. Where the caller does not, nothing is kept.',
  ),
  DOCS: oneOf(
    ['on', 'off'],
    'on',
    'Whether /docs and /openapi.json are served; with `off` they are answered 404.',
  ),
  DASHBOARD: oneOf(
    ['on', 'off'],
    'on',
    'Whether the dashboard is served at /dashboard; with `off` that is answered 404.',
  ),
  TRUST_PROXY: trustProxy(
    'Proxies whose X-Forwarded-For counts: addresses, CIDR ranges, or loopback, linklocal, uniquelocal, with ' +
      'commas between them. Nobody by default.',
  ),
  CORS_ORIGINS: optionalOrigins(
    'Origins whose pages may call this service from a browser, comma-separated. None by default.',
  ),
  MAX_CONNECTIONS: integer(1, 1_000_000, '10000', 'Client connections at once; further ones are closed.'),
  MAX_CONNECTIONS_PER_ADDRESS: integer(
    1,
    1_000_000,
    '1000',
    'Connections at once of one address (IPv6: one /64) that is no proxy of TRUST_PROXY; further ones are closed.',
  ),
  HEADERS_TIMEOUT_MS: integer(
    100,
    600_000,
    '10000',
    'Milliseconds a client has to send the headers of a request.',
  ),
  REQUEST_TIMEOUT_MS: integer(100, 600_000, '30000', 'Milliseconds a client has to send a whole request.'),
  RESPONSE_TIMEOUT_MS: integer(
    100,
    600_000,
    '15000',
    'Milliseconds after which a request that is still worked on is answered 503.',
  ),
  KEEP_ALIVE_TIMEOUT_MS: integer(
    100,
    3_600_000,
    '72000',
    'Milliseconds an idle connection is kept; more than your load balancer keeps it.',
  ),
  SHUTDOWN_DELAY_MS: integer(
    0,
    600_000,
    '0',
    'Milliseconds between SIGTERM, when readiness turns 503, and the end of new connections: as long as ' +
      'your load balancer takes to notice.',
  ),
  SHUTDOWN_TIMEOUT_MS: integer(
    100,
    600_000,
    '10000',
    'Milliseconds the requests that are running at SIGTERM have to finish.',
  ),

  DATA_DIR: text('.data', 'Where the embedded PostgreSQL and generated secrets live.'),
  EMBEDDED_POSTGRES: boolean('false', 'Allow the embedded PostgreSQL in production too.'),
  DATABASE_URL: secret(
    optionalUrl(
      ['postgres:', 'postgresql:'],
      'PostgreSQL to use in place of the embedded one, with the role that serves.',
    ),
  ),
  DATABASE_DIRECT_URL: secret(
    optionalUrl(
      ['postgres:', 'postgresql:'],
      'The same database without the pooler that DATABASE_URL goes through: for the lease, notifications and migrations. DATABASE_URL by default.',
    ),
  ),
  DATABASE_MIGRATION_URL: secret(
    optionalUrl(
      ['postgres:', 'postgresql:'],
      'The same database with the role that owns its tables, for migrations alone: they make the role of DATABASE_URL when it is missing, and give it the privileges it needs and no others. Leave it out where nothing migrates. DATABASE_DIRECT_URL by default.',
    ),
  ),
  MIGRATE_ON_START: boolean(
    'false',
    'Migrate at start (always on with the embedded PostgreSQL). Safe when several nodes start at once.',
  ),
  DATABASE_POOL_SIZE: integer(
    1,
    1000,
    '10',
    'Connections to PostgreSQL of one process for its requests; two more are for its lease and its readiness.',
  ),
  DATABASE_POOL_WAIT_MS: integer(
    10,
    60_000,
    '2000',
    'Milliseconds a request waits for a free connection before it is answered 503.',
  ),
  DATABASE_STATEMENT_TIMEOUT_MS: integer(
    10,
    600_000,
    '5000',
    'Milliseconds a statement may take before it is answered 503.',
  ),

  JWT_SIGNING_KEY: secret(
    optional(
      parseSigningKey,
      'Private key of the access tokens: P-256, PKCS#8 PEM, with \\n for its line breaks or the whole in base64. Made up and kept in DATA_DIR with the embedded PostgreSQL; required otherwise. `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256` makes one.',
    ),
  ),
  JWT_PREVIOUS_KEYS: secret(
    optional(
      parsePreviousKeys,
      'Further P-256 keys, public or private, PEM after PEM: their tokens are still good and the JWKS names them, while a new JWT_SIGNING_KEY takes over.',
    ),
  ),
  AUDIT_SIGNING_KEY: secret(
    optional(
      parseSigningKey,
      'Private key that checkpoints of the audit trail are signed with: another one of the same form as JWT_SIGNING_KEY. Made up and kept in DATA_DIR with the embedded PostgreSQL. Without one nobody can tell whether the newest events were cut off.',
    ),
  ),
  AUDIT_PREVIOUS_KEYS: secret(
    optional(
      parsePreviousKeys,
      'Further P-256 keys, public or private, PEM after PEM, that checkpoints were signed with before AUDIT_SIGNING_KEY. Keep them for as long as those are to be verified.',
    ),
  ),
  JWT_ISSUER: text('http://localhost:3000', 'The `iss` of the access tokens that are issued here.'),
  JWT_AUDIENCE: text('upblit', 'The `aud` of the access tokens that are issued here.'),
  JWT_ACCESS_TTL_SECONDS: integer(1, 86_400, '900', 'Seconds an access token is valid for.'),
  JWT_ISSUERS: secret(
    optional(
      parseTrustedIssuers,
      'Other issuers whose access tokens are taken, as JSON: [{"issuer", "audience", "jwksUrl" or "hs256Secret" (at least 32 bytes), …}]; what else an entry may say is in docs/operations/issuers.md.',
    ),
  ),
  LOCAL_ACCOUNTS: optionalOneOf(
    ['open', 'invite', 'off'],
    'Who may make an account here: everybody, who has an invitation of `npm run account`, or nobody, and then there are no passwords and no logins. `open` by default, in production `invite`.',
  ),
  DASHBOARD_OIDC_ISSUER: optionalUrl(
    ['https:', 'http:'],
    'Provider of OpenID Connect that people sign in to the dashboard with, as its `iss` says it: one of JWT_ISSUERS, whose access tokens it is given (docs/operations/issuers.md). It sends browsers back to /dashboard/callback.',
  ),
  DASHBOARD_OIDC_CLIENT_ID: optional(
    parseClientText,
    'What the dashboard is called there; required with DASHBOARD_OIDC_ISSUER.',
  ),
  DASHBOARD_OIDC_CLIENT_SECRET: secret(
    optional(parseClientText, 'The secret of that client. None by default: for a client that is public.'),
  ),
  DASHBOARD_OIDC_SCOPES: text(
    'openid profile email offline_access',
    'What the provider is asked for, space-separated, `openid` among it: names of scopes of this service, too, where it knows them.',
  ),
  DASHBOARD_OIDC_PARAMETERS: optional(
    parseAuthorizationParameters,
    'Further parameters of that request, as a query: audience=upblit for Auth0, resource=https://keys.example.com by RFC 8707.',
  ),
  BCRYPT_COST: integer(
    4,
    15,
    '12',
    'Work factor of the password hashes; each step doubles it. At least 10 in production.',
  ),
  AUTH_RATE_LIMIT_WINDOW_SECONDS: integer(1, 86_400, '300', 'Seconds that the limits below count over.'),
  AUTH_RATE_LIMIT_PER_ADDRESS: integer(
    1,
    1_000_000,
    '100',
    'Calls of one address (IPv6: one /64) to each of login, register, refresh, logout, /apikey/self and /leaks/report.',
  ),
  AUTH_RATE_LIMIT_PER_ACCOUNT: integer(
    1,
    1_000_000,
    '10',
    'Failed logins, or registrations without an invitation, of one email.',
  ),
  MANAGEMENT_CALLS_PER_MINUTE: integer(
    1,
    10_000_000,
    '600',
    'Calls with an access token of one person, or with one service key, in a minute; beyond it is answered 429.',
  ),
  AUTH_RATE_LIMIT_REFRESH_PER_ACCOUNT: integer(1, 1_000_000, '60', 'Refreshes of one account.'),

  AUTH_RATE_LIMIT_MAILS_PER_ACCOUNT: integer(
    1,
    1_000_000,
    '3',
    'Mails that are asked for to one email, whether or not anybody has it.',
  ),
  AUTH_RATE_LIMIT_MAILS_PER_ACCOUNT_AND_DAY: integer(
    1,
    1_000_000,
    '20',
    'The same within a day, whatever the window is.',
  ),
  SMTP_URL: secret(
    optionalUrl(
      ['smtp:', 'smtps:'],
      'Server that takes mails, for new passwords and the verification of emails: smtps://user:password@host or smtp://…, which is encrypted by STARTTLS unless it ends in ?requireTLS=false. No mails by default.',
    ),
  ),
  MAIL_FROM: optional(
    parseSender,
    'Whom mails come from, such as Upblit <keys@example.com>; required with SMTP_URL.',
  ),
  MAIL_LINK_URL: optionalUrl(
    ['https:', 'http:'],
    'Page that mails lead to, with #reset=TOKEN or #verify=TOKEN after it: that of the dashboard is /dashboard/link. By default mails hold the token, for POST /auth/password/reset or /auth/email/verify.',
  ),
  API_KEY_PEPPERS: secret(
    optional(
      parsePeppers,
      'Keys of the HMAC over API keys, as 1=<base64url of at least 32 bytes>,2=…: keys are found under each of them. Made up and kept in DATA_DIR with the embedded PostgreSQL; required otherwise. NEVER drop a version whose keys are still in use.',
    ),
  ),
  API_KEY_PEPPER_VERSION: optionalInteger(
    1,
    9999,
    'The version of API_KEY_PEPPERS that new hashes use, and that keys of lower versions move to when they are verified; required when there are several. Raise it when every node has the pepper.',
  ),
  API_KEY_PREFIX: {
    about:
      'How new keys begin, before an underscore: a lower-case letter and 1 to 15 more letters or digits. One that nobody else uses lets secret scanners tell your keys from others. No imported key may begin with it and an underscore.',
    default: 'upblit',
    parse: parseKeyPrefix,
  },
  API_KEY_PREVIOUS_PREFIXES: optional(
    parseKeyPrefixes,
    'Further prefixes of keys that are still taken, comma-separated. NEVER drop one whose keys are still in use; and name a new prefix here, on every node, before it becomes API_KEY_PREFIX.',
  ),
  LEAKS_GITHUB: oneOf(
    ['on', 'off'],
    'off',
    "Whether POST /leaks/github takes messages of GitHub's secret scanning, for who is a partner of it; with `off` that is answered 404.",
  ),
  LEAKS_GITHUB_KEYS_URL: httpsUrl(
    'https://api.github.com/meta/public_keys/secret_scanning',
    'Where the public keys are that these messages are signed with.',
  ),
  VERIFY_ANONYMOUS: boolean(
    'false',
    'Verify without a service key, too: for whoever names the application, at a cost of 0 or 1, and answered what possession of the key lets them see.',
  ),
  VERIFY_CACHE_ENTRIES: integer(
    0,
    10_000_000,
    '100000',
    'Keys whose records one process keeps in memory; 0 asks the database every time.',
  ),
  VERIFY_CACHE_MB: integer(
    1,
    1_000_000,
    '128',
    'Mebibytes of memory that these records may take: about 1 kB each, and more with metadata, scopes and addresses.',
  ),
  VERIFY_UNKNOWN_KEYS_PER_SECOND: integer(
    1,
    1_000_000,
    '100',
    'Unknown keys without a tag of ours (imported, older than tags, or of a pepper that was dropped) that a process looks up in a second for one application, or for one network (an address, IPv6: one /64) that shows no service key or names no application; beyond it is answered 429. So many of its look-ups are under way at a time; further ones wait.',
  ),
  USAGE_FLUSH_MS: integer(
    10,
    3_600_000,
    '1000',
    'Milliseconds between two writes of how often and when keys were used, one for all of them; after one that took long the next comes later, by up to ten seconds. What came since the last one `kill -9` may lose.',
  ),
  USAGE_RETENTION_DAYS: integer(
    91,
    36_500,
    '730',
    'Days for which it is known how often keys were used: by the hour for 90 days, and then by the day.',
  ),
  WEBHOOK_ALLOW_PRIVATE: boolean(
    'false',
    'Let webhooks lead to private addresses, to this machine, and over plain HTTP: for development, or where every user may reach what the service can.',
  ),
  MAX_APPLICATIONS_PER_OWNER: integer(
    1,
    1_000_000,
    '100',
    'Applications that one person may be an owner of at once.',
  ),
  MAX_APPLICATIONS_CREATED_PER_DAY: integer(
    1,
    1_000_000,
    '200',
    'Applications that one person may create on one day (UTC), deleted ones among them.',
  ),
  MAX_MEMBERS_PER_APPLICATION: integer(1, 1000, '100', 'People who may have a part in one application.'),
  MAX_ACTIVE_KEYS_PER_APPLICATION: integer(
    1,
    1_000_000,
    '1000',
    'Active keys an application may have at once.',
  ),
  MAX_KEYS_ISSUED_PER_DAY: integer(
    1,
    1_000_000_000,
    '10000',
    'Keys that may be issued for an application on one day (UTC), imported ones and revoked ones among them.',
  ),
  REVOKED_KEY_RETENTION_DAYS: integer(
    1,
    36_500,
    '90',
    'Days for which a revoked key is listed, and answered REVOKED; then it is deleted, and not found.',
  ),

  RATE_LIMIT_STORE: oneOf(
    ['memory', 'postgres', 'redis'],
    'memory',
    'Where the rate limits of keys are counted: `memory` for a single process, since each counts on its own; `postgres` or `redis` for all together.',
  ),
  REDIS_URL: secret(optionalUrl(['redis:', 'rediss:'], 'Redis 6 or later, for RATE_LIMIT_STORE=redis.')),
  RATE_LIMIT_ON_FAILURE: oneOf(
    ['open', 'closed'],
    'open',
    'While the rate limits cannot be checked: `open` lets verifications under limits pass, with a header saying so; `closed` answers them 503.',
  ),
  RATE_LIMIT_TIMEOUT_MS: integer(
    10,
    10_000,
    '250',
    'Milliseconds that checking the rate limits may take before it counts as failed.',
  ),
  RATE_LIMIT_MEMORY_ENTRIES: integer(
    100,
    10_000_000,
    '100000',
    'Limits that RATE_LIMIT_STORE=memory counts at a time, up to 2 kB each. When that many still count, further ones cannot be checked.',
  ),

  VERIFY_LEASE_MS: integer(
    100,
    10_000,
    '1000',
    'Milliseconds a node may answer from memory without having heard from the database. A revocation waits this long for a node that has died or is cut off, and no longer.',
  ),
  VERIFY_STALE_MS: integer(
    0,
    86_400_000,
    '0',
    'Milliseconds for which keys are still verified from memory when the database has been out of reach for longer than the lease. DANGER: for that time a node that is cut off accepts keys that have been revoked elsewhere. With 0 it answers 503.',
  ),
};
