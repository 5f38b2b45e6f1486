/*
 * The layers of the design as rules: `npm run lint:layers`. test/architecture/layers.spec.ts plants one violation
 * per rule and sees it caught, so that a rule that matches nothing is noticed.
 */

/** Packages by the folder they lie in, wherever that folder is. */
const packages = (...names) => `(^|/)node_modules/(@types/)?(${names.join('|')})/`;
/** Node's own modules, which are resolved to their bare names. */
const builtins = (...names) => `^(node:)?(${names.join('|')})$`;

const SHARED = '^src/shared/(?!http/)';
const SHARED_HTTP = '^src/shared/http/';
const OTHER_MODULES_DOOR = '^src/modules/[^/]+/index\\.ts$';
const DATABASE_PACKAGES = packages('typeorm', '@nestjs/typeorm', 'pg', 'pg-pool');
/** Pure, as node:crypto is: it makes the ids of new entities. */
const IDS = packages('uuidv7');

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'What imports itself by a detour cannot be understood, tested or moved alone.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'resolvable',
      comment: 'Every import names something that is there.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-development-packages',
      comment: 'What runs in production must not need what is installed for development only.',
      severity: 'error',
      from: { path: '^(src|migrations|ormconfig\\.ts)', pathNot: '\\.spec\\.ts$' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'product-does-not-import-tests',
      comment: 'Tests, benchmarks and scripts look at the product, never the other way round.',
      severity: 'error',
      from: { path: '^(src|migrations|ormconfig\\.ts)', pathNot: '\\.spec\\.ts$' },
      to: { path: '^(test|bench|scripts|web)/|\\.spec\\.ts$' },
    },

    // The layers of a module.
    {
      name: 'domain-is-pure',
      comment:
        "Domain: its own module's domain, src/shared/, ids, and what is pure of Node; of node:net that is the reckoning with addresses, and the linter keeps its sockets out.",
      severity: 'error',
      from: { path: '^src/modules/([^/]+)/domain/', pathNot: '\\.spec\\.ts$' },
      to: {
        pathNot: [
          '^src/modules/$1/domain/',
          OTHER_MODULES_DOOR,
          SHARED,
          builtins('crypto', 'zlib', 'util', 'net'),
          IDS,
        ],
      },
    },
    {
      name: 'domain-names-types-of-other-modules',
      comment:
        "Domain: of another module's door the types, which leave nothing behind when the program runs.",
      severity: 'error',
      from: { path: '^src/modules/([^/]+)/domain/', pathNot: '\\.spec\\.ts$' },
      to: {
        path: OTHER_MODULES_DOOR,
        pathNot: '^src/modules/$1/',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'application-knows-no-technology',
      comment:
        "Application: its module's domain and application, other modules' doors, src/shared/, @nestjs/common, ids; no typeorm, no swagger, no class-validator, no config/.",
      severity: 'error',
      from: { path: '^src/modules/([^/]+)/application/', pathNot: '\\.spec\\.ts$' },
      to: {
        pathNot: [
          '^src/modules/$1/(domain|application)/',
          OTHER_MODULES_DOOR,
          SHARED,
          builtins('crypto', 'zlib', 'util', 'events', 'timers/promises', 'perf_hooks'),
          packages('@nestjs/common'),
          IDS,
        ],
      },
    },
    {
      name: 'http-stays-above-infrastructure',
      comment:
        "HTTP: its module's domain, application and http, other modules' doors and src/shared/; nothing of an infrastructure, no config/.",
      severity: 'error',
      from: { path: '^src/modules/([^/]+)/http/', pathNot: '\\.spec\\.ts$' },
      to: {
        path: '^(src|migrations|ormconfig\\.ts)',
        pathNot: ['^src/modules/$1/(domain|application|http)/', OTHER_MODULES_DOOR, SHARED, SHARED_HTTP],
      },
    },
    {
      name: 'controllers-leave-documentation-to-docs',
      comment: "What OpenAPI says of a controller's routes stands in the *.docs.ts beside it.",
      severity: 'error',
      from: { path: '\\.controller\\.ts$' },
      to: { path: [packages('@nestjs/swagger'), '/api-problems\\.decorator\\.ts$'] },
    },
    {
      name: 'infrastructure-is-below-http',
      comment: 'Infrastructure implements what domain and application ask for; it never answers requests.',
      severity: 'error',
      from: { path: '^src/modules/([^/]+)/infrastructure/', pathNot: '\\.spec\\.ts$' },
      to: {
        path: '^src/modules/$1/(http/|index\\.ts$|[^/]+\\.module\\.ts$)|^src/(main|app)\\.|^src/infrastructure/http/',
      },
    },
    {
      name: 'database-only-in-infrastructure',
      comment: 'typeorm and pg belong to infrastructure/; a module file registers its schemas.',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot: [
          '^src/infrastructure/',
          '^src/modules/[^/]+/infrastructure/',
          '^src/modules/[^/]+/[^/]+\\.module\\.ts$',
        ],
      },
      to: { path: DATABASE_PACKAGES },
    },

    // The modules among themselves.
    {
      name: 'index-is-the-only-door',
      comment: 'Other modules, and the composition root, see of a module what its index.ts shows.',
      severity: 'error',
      from: { path: '^src/modules/([^/]+)/' },
      to: { path: '^src/modules/[^/]+/', pathNot: ['^src/modules/$1/', OTHER_MODULES_DOOR] },
    },
    {
      name: 'composition-uses-the-doors',
      comment: 'So does everything outside the modules; ormconfig.ts alone lists their entity schemas.',
      severity: 'error',
      from: { path: '^(src|migrations)/', pathNot: '^src/modules/' },
      to: { path: '^src/modules/[^/]+/', pathNot: OTHER_MODULES_DOOR },
    },
    {
      name: 'auth-knows-only-freshness',
      comment:
        'Auth says who is calling, as far as its memory may be trusted; it knows nothing of what they call for.',
      severity: 'error',
      from: { path: '^src/modules/auth/' },
      to: { path: '^src/modules/', pathNot: '^src/modules/(auth|freshness)/' },
    },
    {
      name: 'applications-know-no-keys',
      comment: 'An application does not know that it has keys: api-keys registers a hook for its deletion.',
      severity: 'error',
      from: { path: '^src/modules/applications/' },
      to: { path: '^src/modules/', pathNot: '^src/modules/(applications|auth|freshness)/' },
    },
    {
      name: 'idempotency-knows-only-auth',
      comment: 'It repeats answers without knowing what they say; only who asked for them.',
      severity: 'error',
      from: { path: '^src/modules/idempotency/' },
      to: { path: '^src/modules/', pathNot: '^src/modules/(idempotency|auth)/' },
    },
    {
      name: 'metering-knows-no-keys',
      comment: 'It counts and pays for whatever has an id: a key, an application.',
      severity: 'error',
      from: { path: '^src/modules/metering/' },
      to: { path: '^src/modules/', pathNot: '^src/modules/(metering|applications|auth|freshness)/' },
    },
    {
      name: 'management-knows-no-verification',
      comment:
        'Keys are managed without knowing how they are verified. What observes verdicts, or asks for them, may know it.',
      severity: 'error',
      from: { path: '^src/modules/(auth|applications|api-keys|metering|freshness|idempotency)/' },
      to: { path: '^src/modules/verification/' },
    },
    {
      name: 'nobody-calls-audit',
      comment: 'It subscribes to the events of every module: none of them calls it.',
      severity: 'error',
      from: { path: '^src/modules/(?!audit/)' },
      to: { path: '^src/modules/audit/' },
    },
    {
      name: 'audit-knows-no-keys',
      comment:
        'What it keeps is an event, whatever it tells of; it knows only who may read that, and of what state.',
      severity: 'error',
      from: { path: '^src/modules/audit/' },
      to: { path: '^src/modules/', pathNot: '^src/modules/(audit|applications|auth|freshness)/' },
    },
    {
      name: 'nobody-knows-onlookers',
      comment:
        'Usage, denials and webhooks look on, and leaks are reported from outside: nothing that verifies or manages keys depends on them.',
      severity: 'error',
      from: { path: '^src/modules/([^/]+)/' },
      to: { path: '^src/modules/(usage|denials|leaks|webhooks)/', pathNot: '^src/modules/$1/' },
    },
    {
      name: 'freshness-stands-alone',
      comment: 'The lease is generic: it numbers changes without knowing what changed.',
      severity: 'error',
      from: { path: '^src/modules/freshness/' },
      to: { path: '^src/modules/', pathNot: '^src/modules/freshness/' },
    },

    // What lies below the modules.
    {
      name: 'shared-imports-itself',
      comment:
        'src/shared/: nothing but itself, node:crypto, node:async_hooks and the reckoning with addresses.',
      severity: 'error',
      from: { path: SHARED, pathNot: '\\.spec\\.ts$' },
      to: { pathNot: [SHARED, builtins('crypto', 'async_hooks'), packages('ipaddr.js')] },
    },
    {
      name: 'shared-http-imports-shared',
      comment: 'src/shared/http/: src/shared/ and what describes and checks requests.',
      severity: 'error',
      from: { path: SHARED_HTTP, pathNot: '\\.spec\\.ts$' },
      to: {
        pathNot: [
          '^src/shared/',
          packages(
            '@nestjs/common',
            '@nestjs/swagger',
            '@nestjs/platform-fastify',
            'class-validator',
            'class-transformer',
          ),
        ],
      },
    },
    {
      name: 'config-imports-itself',
      comment:
        'src/config/ reads and checks the environment; beyond src/shared/ it knows nothing of who uses it.',
      severity: 'error',
      from: { path: '^src/config/', pathNot: '\\.spec\\.ts$' },
      to: {
        path: '^(src|migrations|ormconfig\\.ts)|(^|/)node_modules/',
        pathNot: ['^src/config/', SHARED],
      },
    },
    {
      name: 'infrastructure-knows-no-module',
      comment: 'src/infrastructure/ serves every module; the composition root joins them.',
      severity: 'error',
      from: { path: '^src/infrastructure/' },
      to: { path: '^src/(modules/|main\\.|app\\.)' },
    },
    {
      name: 'embedded-postgres-can-leave',
      comment: 'It could be a package of its own: it imports nothing of ours.',
      severity: 'error',
      from: { path: '^src/infrastructure/embedded-postgres/' },
      to: { path: '^(src|migrations|ormconfig\\.ts)', pathNot: '^src/infrastructure/embedded-postgres/' },
    },
    {
      name: 'embedded-postgres-has-a-door',
      comment: 'Others see of it what its index.ts shows.',
      severity: 'error',
      from: { path: '^(src|migrations|ormconfig\\.ts)', pathNot: '^src/infrastructure/embedded-postgres/' },
      to: {
        path: '^src/infrastructure/embedded-postgres/',
        pathNot: '^src/infrastructure/embedded-postgres/index\\.ts$',
      },
    },
    {
      name: 'process-is-the-top',
      comment: 'Only the entry imports what starts and ends a process.',
      severity: 'error',
      from: { path: '^(src|migrations|ormconfig\\.ts)', pathNot: '^src/(process/|main\\.ts$)|\\.spec\\.ts$' },
      to: { path: '^src/process/' },
    },
    {
      name: 'migrations-stand-alone',
      comment:
        'A migration says what was true on its day; code that goes on changing has no place in it. sql-function.ts reads ' +
        'files whose fingerprints the migrations name.',
      severity: 'error',
      from: { path: '^migrations/' },
      to: { pathNot: ['^migrations/', packages('typeorm'), '^(node:)?(fs|crypto)$'] },
    },
  ],
  options: {
    // Types couple as imports do.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: '(^|/)node_modules/' },
  },
};
