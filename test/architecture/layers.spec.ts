import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const ROOT = process.cwd();
const CONFIG = join(ROOT, '.dependency-cruiser.cjs');
const CRUISER = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
const config = createRequire(join(ROOT, 'package.json'))(CONFIG) as { forbidden: { name: string }[] };

/** Files that break each rule, and the one import by which each does. */
const VIOLATIONS: Record<string, [file: string, imports: string][]> = {
  'no-cycles': [['src/shared/chicken.ts', './egg.js']],
  resolvable: [['src/app.planted.ts', './nowhere.js']],
  'no-development-packages': [['src/app.jest.ts', 'fast-check']],
  'product-does-not-import-tests': [
    ['src/app.support.ts', '../test/support/helper.js'],
    ['src/app.spec-user.ts', './main.spec.js'],
  ],
  'domain-is-pure': [
    ['src/modules/things/domain/nest.ts', '@nestjs/common'],
    ['src/modules/things/domain/service.ts', '../application/service.js'],
    ['src/modules/things/domain/files.ts', 'node:fs'],
    ['src/modules/things/domain/configured.ts', '../../../config/env.js'],
    ['src/modules/things/domain/documented.ts', '../../../shared/http/uuid.js'],
  ],
  'domain-names-types-of-other-modules': [
    ['src/modules/things/domain/other-module.ts', '../../auth/index.js'],
  ],
  'application-knows-no-technology': [
    ['src/modules/things/application/swagger.ts', '@nestjs/swagger'],
    ['src/modules/things/application/validator.ts', 'class-validator'],
    ['src/modules/things/application/schema.ts', '../infrastructure/things.schema.js'],
    ['src/modules/things/application/dto.ts', '../http/thing.dto.js'],
    ['src/modules/things/application/sockets.ts', 'node:net'],
    ['src/modules/things/application/configured.ts', '../../../config/env.js'],
  ],
  'http-stays-above-infrastructure': [
    ['src/modules/things/http/schema.ts', '../infrastructure/things.schema.js'],
    ['src/modules/things/http/pool.ts', '../../../infrastructure/database/pool.js'],
    ['src/modules/things/http/configured.ts', '../../../config/env.js'],
  ],
  'controllers-leave-documentation-to-docs': [
    ['src/modules/things/http/things.controller.ts', '@nestjs/swagger'],
    ['src/modules/things/http/problems.controller.ts', '../../../shared/http/api-problems.decorator.js'],
  ],
  'infrastructure-is-below-http': [
    ['src/modules/things/infrastructure/dto.ts', '../http/thing.dto.js'],
    ['src/modules/things/infrastructure/own-door.ts', '../index.js'],
    ['src/modules/things/infrastructure/filter.ts', '../../../infrastructure/http/filter.js'],
  ],
  'database-only-in-infrastructure': [
    ['src/modules/things/http/typeorm.ts', 'typeorm'],
    ['src/app.pg.ts', 'pg'],
    ['src/app.nest-typeorm.ts', '@nestjs/typeorm'],
  ],
  'index-is-the-only-door': [['src/modules/things/infrastructure/window.ts', '../../auth/domain/user.js']],
  'composition-uses-the-doors': [['src/app.window.ts', './modules/auth/domain/user.js']],
  'auth-knows-only-freshness': [['src/modules/auth/http/things.ts', '../../things/index.js']],
  'applications-know-no-keys': [['src/modules/applications/http/keys.ts', '../../api-keys/index.js']],
  'idempotency-knows-only-auth': [['src/modules/idempotency/http/keys.ts', '../../api-keys/index.js']],
  'metering-knows-no-keys': [['src/modules/metering/http/keys.ts', '../../api-keys/index.js']],
  'management-knows-no-verification': [
    ['src/modules/api-keys/http/verdicts.ts', '../../verification/index.js'],
  ],
  'nobody-calls-audit': [['src/modules/api-keys/application/audited.ts', '../../audit/index.js']],
  'audit-knows-no-keys': [['src/modules/audit/http/keys.ts', '../../api-keys/index.js']],
  'nobody-knows-onlookers': [['src/modules/api-keys/http/usage.ts', '../../usage/index.js']],
  'freshness-stands-alone': [['src/modules/freshness/infrastructure/keys.ts', '../../api-keys/index.js']],
  'shared-imports-itself': [
    ['src/shared/nest.ts', '@nestjs/common'],
    ['src/shared/deeper/upwards.ts', '../http/uuid.js'],
  ],
  'shared-http-imports-shared': [['src/shared/http/fastify.ts', 'fastify']],
  'config-imports-itself': [
    ['src/config/nest.ts', '@nestjs/common'],
    ['src/config/upwards.ts', '../infrastructure/database/pool.js'],
  ],
  'infrastructure-knows-no-module': [['src/infrastructure/http/things.ts', '../../modules/things/index.js']],
  'embedded-postgres-can-leave': [['src/infrastructure/embedded-postgres/clock.ts', '../../shared/clock.js']],
  'embedded-postgres-has-a-door': [
    ['src/infrastructure/database/window.ts', '../embedded-postgres/postmaster.js'],
  ],
  'process-is-the-top': [['src/app.workers.ts', './process/workers.js']],
  'migrations-stand-alone': [['migrations/2-entity.ts', '../src/shared/clock.js']],
};

/** The one rule that types do not break. */
const TYPES_ALLOWED = 'domain-names-types-of-other-modules';

/** What the planted files import, and imports that every rule allows. */
const SOUND: Record<string, string[]> = {
  'src/shared/egg.ts': ['./chicken.js'],
  'src/shared/clock.ts': [],
  'src/shared/digest.ts': ['node:crypto', './clock.js'],
  'src/shared/http/api-problems.decorator.ts': ['../clock.js', '@nestjs/swagger'],
  'src/shared/http/uuid.ts': ['../clock.js', '@nestjs/swagger', 'class-validator'],
  'src/config/env.ts': ['node:fs', '../shared/clock.js'],
  'src/infrastructure/database/pool.ts': ['pg', '../../config/env.js', '../../../migrations/index.js'],
  'src/infrastructure/http/filter.ts': ['../../shared/clock.js', '@nestjs/common'],
  'src/modules/auth/domain/user.ts': ['node:crypto', 'node:net', '../../../shared/clock.js', 'uuidv7'],
  'src/modules/auth/index.ts': ['./domain/user.js', '../freshness/index.js'],
  'src/modules/api-keys/index.ts': ['../auth/index.js', '../freshness/index.js', '../applications/index.js'],
  'src/modules/applications/index.ts': ['../auth/index.js', '../freshness/index.js'],
  'src/modules/idempotency/index.ts': ['../auth/index.js'],
  'src/modules/freshness/index.ts': [],
  'src/modules/audit/index.ts': ['../applications/index.js', '../auth/index.js', '../freshness/index.js'],
  'src/modules/verification/index.ts': ['../api-keys/index.js'],
  'src/modules/usage/index.ts': ['../verification/index.js', '../api-keys/index.js'],
  'src/modules/things/domain/thing.ts': ['../../../shared/clock.js', '../../auth/index.js'],
  'src/modules/things/application/service.ts': [
    '../domain/thing.js',
    '@nestjs/common',
    '../../auth/index.js',
  ],
  'src/modules/things/http/thing.dto.ts': [
    '../application/service.js',
    '../../../shared/http/uuid.js',
    'fastify',
  ],
  'src/modules/things/http/things.docs.ts': [
    '@nestjs/swagger',
    '../../../shared/http/api-problems.decorator.js',
  ],
  'src/modules/things/infrastructure/things.schema.ts': [
    'typeorm',
    'pg',
    '../domain/thing.js',
    '../application/service.js',
    '../../../infrastructure/database/pool.js',
    '../../auth/index.js',
  ],
  'src/modules/things/things.module.ts': [
    '@nestjs/typeorm',
    '../../config/env.js',
    './http/thing.dto.js',
    './infrastructure/things.schema.js',
  ],
  'src/modules/things/index.ts': ['./things.module.js'],
  'src/infrastructure/embedded-postgres/postmaster.ts': ['pg'],
  'src/process/workers.ts': ['../config/env.js', '../infrastructure/embedded-postgres/index.js'],
  'src/infrastructure/embedded-postgres/index.ts': ['./postmaster.js'],
  'src/main.ts': ['./process/workers.js', './modules/things/index.js', './config/env.js'],
  'src/main.spec.ts': ['./main.js', 'fast-check'],
  'migrations/index.ts': ['typeorm'],
  'test/support/helper.ts': ['../../src/main.js'],
  'ormconfig.ts': ['./src/modules/things/infrastructure/things.schema.js', './src/config/env.js'],
};

describe('the rules of the layers', () => {
  let checkout: string;
  /** The rules each file breaks. */
  let found: Map<string, string[]>;

  beforeAll(async () => {
    checkout = await mkdtemp(join(tmpdir(), 'upblit-layers-'));
    await symlink(join(ROOT, 'node_modules'), join(checkout, 'node_modules'));
    await symlink(join(ROOT, 'package.json'), join(checkout, 'package.json'));
    await symlink(join(ROOT, 'tsconfig.json'), join(checkout, 'tsconfig.json'));
    for (const [file, imports] of Object.entries(SOUND)) await plant(file, imports);
    for (const [rule, planted] of Object.entries(VIOLATIONS)) {
      for (const [file, imported] of planted)
        await plant(file, [imported], rule === TYPES_ALLOWED ? 'value' : 'type');
    }
    found = await cruise(checkout);
  });

  afterAll(async () => {
    await rm(checkout, { recursive: true, force: true });
  });

  async function plant(file: string, imports: string[], what: 'type' | 'value' = 'type'): Promise<void> {
    const path = join(checkout, file);
    await mkdir(dirname(path), { recursive: true });
    // Types, because they couple as values do and are easier to overlook.
    const lines = imports.map(
      (name, index) => `import ${what === 'type' ? 'type ' : ''}* as i${index} from '${name}';`,
    );
    await writeFile(path, [...lines, 'export {};', ''].join('\n'));
  }

  it('each have a planted violation', () => {
    expect(Object.keys(VIOLATIONS).sort()).toEqual(config.forbidden.map(({ name }) => name).sort());
  });

  it.each(Object.entries(VIOLATIONS))('catch what breaks "%s"', (rule, planted) => {
    for (const [file] of planted) {
      expect({ file, breaks: found.get(file) }).toEqual({ file, breaks: [rule] });
    }
  });

  it('let everything else pass', () => {
    const planted = new Set(
      Object.values(VIOLATIONS)
        .flat()
        .map(([file]) => file),
    );
    expect([...found].filter(([file]) => !planted.has(file) && file !== 'src/shared/egg.ts')).toEqual([]);
  });
});

interface Report {
  summary: { violations: { from: string; rule: { name: string } }[] };
}

/** The rules that each file of a checkout breaks, sorted. */
async function cruise(checkout: string): Promise<Map<string, string[]>> {
  const args = [CRUISER, '--config', CONFIG, '--output-type', 'json', 'src', 'migrations', 'ormconfig.ts'];
  const report = await new Promise<Report>((resolve, reject) => {
    // Violations make its exit code, so only what it wrote tells whether it worked.
    execFile(process.execPath, args, { cwd: checkout, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      try {
        resolve(JSON.parse(stdout) as Report);
      } catch {
        reject(new Error(`dependency-cruiser failed: ${stderr}`, { cause: error }));
      }
    });
  });
  const found = new Map<string, Set<string>>();
  for (const { from, rule } of report.summary.violations) {
    found.set(from, (found.get(from) ?? new Set()).add(rule.name));
  }
  return new Map([...found].map(([file, rules]) => [file, [...rules].sort()]));
}
