import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { access, chmod, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv as parseDotEnv, promisify } from 'node:util';
import { parse } from 'yaml';
import { variables } from '../../src/config/variables.js';

const ROOT = join(import.meta.dirname, '../..');
const read = (path: string): Promise<string> => readFile(join(ROOT, path), 'utf8');

interface Service {
  build?: string;
  environment?: Record<string, string>;
  depends_on?: Record<string, { condition: string }>;
  healthcheck?: { test: string[] };
  volumes?: string[];
  image?: string;
  user?: string;
  privileged?: boolean;
  cap_add?: string[];
  ports?: string[];
}

/** Of a bill of materials. */
interface Component {
  name: string;
  group?: string;
  properties?: { name: string }[];
}

interface Compose {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
}

describe('docker-compose.yml', () => {
  it('sets variables that the service has, to values the service takes', async () => {
    const { services } = await compose();
    const secrets = await newSecrets();
    for (const [name, value] of Object.entries(services.service!.environment!)) {
      expect(Object.keys(variables)).toContain(name);
      const text = interpolate(value, secrets);
      expect(() => variables[name as keyof typeof variables].parse(text)).not.toThrow();
    }
  });

  it('gives the migration nothing but the database, and the role that owns it to nobody else', async () => {
    const { services } = await compose();
    expect(Object.keys(services.migrate!.environment!)).toEqual(['DATABASE_MIGRATION_URL', 'DATABASE_URL']);
    const { DATABASE_MIGRATION_URL, DATABASE_URL } = services.migrate!.environment!;
    expect(new URL(interpolate(DATABASE_MIGRATION_URL!, {})).username).toBe(
      services.postgres!.environment!.POSTGRES_USER,
    );
    expect(new URL(interpolate(DATABASE_URL!, {})).username).toBe('upblit_service');
    const ofService = services.service!.environment!;
    expect(interpolate(ofService.DATABASE_URL!, {})).toBe(interpolate(DATABASE_URL!, {}));
    expect(JSON.stringify(ofService)).not.toContain('${POSTGRES_PASSWORD');
  });

  it('lets no container write, gain a privilege, run as root or take the whole machine', async () => {
    const { services } = await compose();
    expect(Object.keys(services)).toEqual(['postgres', 'migrate', 'service']);
    for (const service of Object.values(services)) {
      expect(service).toMatchObject({
        read_only: true,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
        mem_limit: expect.stringMatching(/^\d+[mg]$/),
        pids_limit: expect.any(Number),
      });
      expect(service.privileged ?? false).toBe(false);
      expect(service.cap_add ?? []).toEqual([]);
      // Those that are built here say so in the Dockerfile.
      if (service.build === undefined) expect(service.user).toMatch(/^(?!root$|0)/);
      for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/);
    }
  });

  it('runs one exact version of every image', async () => {
    const { services } = await compose();
    for (const { image, build } of Object.values(services)) {
      if (build === undefined) expect(image).toMatch(/^[a-z]+:\d+\.\d+(\.\d+)?(@sha256:[0-9a-f]{64})?$/);
    }
  });

  it('demands every secret that it needs, and `npm run secrets` makes each of them', async () => {
    const text = await read('docker-compose.yml');
    const demanded = new Set(Array.from(text.matchAll(/\$\{([A-Z_]+):\?/g), ([, name]) => name!));
    const hasDefault = new Set(Array.from(text.matchAll(/\$\{([A-Z_]+):-/g), ([, name]) => name!));
    const used = Array.from(text.matchAll(/\$\{([A-Z_]+)/g), ([, name]) => name!);
    expect(used.filter((name) => !demanded.has(name) && !hasDefault.has(name))).toEqual([]);
    expect([...demanded].sort()).toEqual(Object.keys(await newSecrets()).sort());
  });

  it('starts each part after those it needs, and knows when each is healthy', async () => {
    const { services, volumes } = await compose();
    for (const service of Object.values(services)) {
      for (const [name, { condition }] of Object.entries(service.depends_on ?? {})) {
        expect(Object.keys(services)).toContain(name);
        if (condition === 'service_healthy') expect(services[name]!.healthcheck).toBeDefined();
      }
      for (const volume of service.volumes ?? [])
        expect(Object.keys(volumes)).toContain(volume.split(':')[0]);
    }
    expect(services.service!.depends_on).toEqual({
      postgres: { condition: 'service_healthy' },
      migrate: { condition: 'service_completed_successfully' },
    });
    expect(services.service!.healthcheck!.test.join(' ')).toContain('/health/ready');
  });
});

describe('npm run secrets', () => {
  let directory: string;
  let path: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'upblit-secrets-'));
    path = join(directory, '.env');
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('writes a file that nobody else can read, whatever the umask is, and prints no secret', async () => {
    const before = process.umask(0);
    const said = await makeSecrets(directory).finally(() => process.umask(before));
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    for (const [name, value] of Object.entries(parseDotEnv(await readFile(path, 'utf8')))) {
      expect(said).toContain(name);
      expect(said).not.toContain(value);
    }
  });

  it('adds what is missing to a file that is there, replaces nothing, and closes it to others', async () => {
    await writeFile(path, 'PORT=4000\nAPI_KEY_PEPPERS=1=kept');
    await chmod(path, 0o644);
    await makeSecrets(directory);
    const first = await readFile(path, 'utf8');
    expect(first).toMatch(/^PORT=4000\nAPI_KEY_PEPPERS=1=kept\nPOSTGRES_PASSWORD=/);
    expect(first.match(/API_KEY_PEPPERS/g)).toHaveLength(1);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await makeSecrets(directory)).toContain('None was replaced');
    expect(await readFile(path, 'utf8')).toBe(first);
  });

  it.each([
    ['secrets', 'secrets.mjs'],
    ['migrate', 'migrate.mjs'],
    ['migrate', 'run-migrations.mjs'],
  ])('says, as npm run %s does, how it is called: %s', async (command, script) => {
    const path = join(ROOT, 'scripts', script);
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [path, '--help'], {
      cwd: directory,
    });
    expect(stdout).toMatch(new RegExp(`^Usage: npm run ${command}`));
    expect(stderr).toBe('');
    expect(await readdir(directory)).toEqual([]);
  });

  it('makes none that is named by a file', async () => {
    await writeFile(path, 'JWT_SIGNING_KEY_FILE=/run/secrets/key\n');
    await makeSecrets(directory);
    expect(await readFile(path, 'utf8')).not.toMatch(/^JWT_SIGNING_KEY=/m);
  });
});

describe('SECURITY.md', () => {
  it('names a command that lists every package, and says which of them development alone needs', async () => {
    const [command] = /^npm sbom .*$/m.exec(await read('SECURITY.md'))!;
    const { stdout } = await promisify(execFile)('npm', command.split(' ').slice(1), {
      cwd: ROOT,
      maxBuffer: 64 * 1024 * 1024,
    });
    const { components } = JSON.parse(stdout) as { components: Component[] };
    const namesOf = (isForDevelopment: boolean): string[] =>
      components
        .filter(
          ({ properties = [] }) =>
            properties.some(({ name }) => name === 'cdx:npm:package:development') === isForDevelopment,
        )
        .map(({ name, group }) => (group === undefined ? name : `${group}/${name}`));
    const manifest = JSON.parse(await read('package.json')) as Record<string, Record<string, string>>;
    expect(namesOf(false)).toEqual(expect.arrayContaining(Object.keys(manifest.dependencies!)));
    expect(namesOf(true)).toEqual(expect.arrayContaining(['jest', 'eslint', 'typescript-eslint']));
  });
});

describe('Dockerfile', () => {
  it('copies what the checkout has and the ignore file lets through', async () => {
    const ignored = await read('.dockerignore');
    const copies = Array.from(
      (await read('Dockerfile')).matchAll(/^COPY (?!--from)(.+) \S+$/gm),
      ([, paths]) => paths!,
    );
    for (const path of copies.flatMap((paths) => paths.split(' '))) {
      await expect(access(join(ROOT, path))).resolves.toBeUndefined();
      expect(ignored.split('\n')).toContain(`!${path.split('/')[0]}`);
    }
  });

  it('builds and runs on one exact version of Node', async () => {
    const bases = Array.from((await read('Dockerfile')).matchAll(/^FROM (\S+)/gm), ([, base]) => base!);
    expect(new Set(bases).size).toBe(1);
    expect(bases[0]).toMatch(/^node:\d+\.\d+\.\d+-slim$/);
  });

  it('does not run as root', async () => {
    const lastStage = (await read('Dockerfile')).split(/^FROM /m).at(-1)!;
    expect(lastStage).toMatch(/^USER node$/m);
  });
});

async function compose(): Promise<Compose> {
  return parse(await read('docker-compose.yml'), { merge: true }) as Compose;
}

async function newSecrets(): Promise<Record<string, string>> {
  const directory = await mkdtemp(join(tmpdir(), 'upblit-secrets-'));
  try {
    await makeSecrets(directory);
    return parseDotEnv(await readFile(join(directory, '.env'), 'utf8')) as Record<string, string>;
  } finally {
    await rm(directory, { recursive: true });
  }
}

async function makeSecrets(directory: string): Promise<string> {
  const script = join(ROOT, 'scripts/secrets.mjs');
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [script], { cwd: directory });
  return stdout + stderr;
}

/** As Compose does it for `${NAME}`, `${NAME:-default}` and `${NAME:?message}`. */
function interpolate(text: string, values: Record<string, string>): string {
  return text.replace(/\$\{([A-Z_]+)(?::-([^}]*)|:\?[^}]*)?\}/g, (_, name: string, fallback?: string) => {
    return values[name] ?? fallback ?? '';
  });
}
