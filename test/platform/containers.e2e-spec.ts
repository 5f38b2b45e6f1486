import { describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
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

  it('gives the migration nothing but the database', async () => {
    const { services } = await compose();
    expect(Object.keys(services.migrate!.environment!)).toEqual(['DATABASE_URL']);
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
  return parse(await read('docker-compose.yml')) as Compose;
}

async function newSecrets(): Promise<Record<string, string>> {
  const { stdout } = await promisify(execFile)(process.execPath, [join(ROOT, 'scripts/secrets.mjs')]);
  return Object.fromEntries(
    stdout
      .trim()
      .split('\n')
      .map((line) => /^([^=]+)=(.*)$/.exec(line)!.slice(1)),
  );
}

/** As Compose does it for `${NAME}`, `${NAME:-default}` and `${NAME:?message}`. */
function interpolate(text: string, values: Record<string, string>): string {
  return text.replace(/\$\{([A-Z_]+)(?::-([^}]*)|:\?[^}]*)?\}/g, (_, name: string, fallback?: string) => {
    return values[name] ?? fallback ?? '';
  });
}
