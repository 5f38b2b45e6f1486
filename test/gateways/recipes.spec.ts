import { readFile } from 'node:fs/promises';
import { expect, it } from '@jest/globals';
import { parse } from 'yaml';

const NAMES = ['X-Key-Id', 'X-Application-Id', 'X-Owner-Id', 'X-Key-Scopes', 'X-Service-Key'];

/** Every way to write a name with hyphens and underscores, which are one name to an application behind WSGI or CGI. */
function spellingsOf(name: string): string[] {
  return name
    .split('-')
    .reduce<string[]>(
      (spellings, word) =>
        spellings.length === 0
          ? [word]
          : spellings.flatMap((before) => [`${before}-${word}`, `${before}_${word}`]),
      [],
    );
}

it('The recipe for Traefik drops what a client claims under every spelling, and has each router do so first', async () => {
  const { http } = parse(await readFile('docs/gateways/traefik.yml', 'utf8'));
  const dropped = http.middlewares['without-claimed-identity'].headers.customRequestHeaders;
  // The one that is set after it takes the place of what a client has sent.
  const expected = NAMES.flatMap(spellingsOf).filter((name) => name !== 'X-Service-Key');
  expect(dropped).toEqual(Object.fromEntries(expected.map((name) => [name, ''])));
  for (const { middlewares, rule } of Object.values(
    http.routers as Record<string, Record<string, unknown>>,
  )) {
    expect((middlewares as string[])[0]).toBe('without-claimed-identity');
    expect((middlewares as string[]).at(-1)).toBe('without-key');
    // Whoever names a header there has it dropped after it was set.
    expect(rule).toContain('!HeaderRegexp(`Connection`');
  }
  expect(Object.keys(http.middlewares['without-key'].headers.customRequestHeaders)).toEqual(
    expect.arrayContaining(['X-Api-Key', 'X-Service-Key', 'Authorization']),
  );
});
