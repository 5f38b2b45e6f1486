import { expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';

const ROOT = new URL('../../', import.meta.url);
const MODULES = new URL('src/modules/', ROOT);

it("draws in the README what the modules import of each other's doors, and nothing else", () => {
  expect(drawn()).toEqual(imported());
});

/** The arrows between modules in the README's picture, by the names of their folders. */
function drawn(): string[] {
  const readme = readFileSync(new URL('README.md', ROOT), 'utf8');
  const folders = new Map(
    [...readme.matchAll(/^ +(\w+)\["<b>([a-z-]+)<\/b>/gm)].map(([, name = '', folder = '']) => [
      name,
      folder,
    ]),
  );
  const arrows = readme.matchAll(/^ +(\w+) --> (\w+(?: & \w+)*)$/gm);
  return [...arrows]
    .flatMap(([, from = '', to = '']) =>
      to.split(' & ').map((name) => [folders.get(from), folders.get(name)]),
    )
    .filter(([from, to]) => from !== undefined && to !== undefined)
    .map(([from, to]) => `${from} --> ${to}`)
    .sort();
}

function imported(): string[] {
  const arrows = readdirSync(MODULES).flatMap((module) =>
    readdirSync(new URL(`${module}/`, MODULES), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'))
      .map((file) => readFileSync(new URL(`${module}/${file}`, MODULES), 'utf8'))
      .flatMap((text) => [...text.matchAll(/from '(?:\.\.\/)+([a-z-]+)\/index\.js'/g)])
      .map(([, other]) => `${module} --> ${other}`),
  );
  return [...new Set(arrows)].sort();
}
