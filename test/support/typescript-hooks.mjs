import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { transformFile } from '@swc/core';
import { swcOptions } from '../../scripts/lib/swc-options.mjs';

/** A test file that is loaded again has a query. */
const withoutQuery = (url) => url?.replace(/\?.*$/s, '');

/** TypeScript sources import each other by the names their output will have. */
export async function resolve(specifier, context, next) {
  const parent = withoutQuery(context.parentURL);
  if (specifier === '@jest/globals') {
    const url = new URL('jest/globals.mjs', import.meta.url);
    // Each test file gets a module of its own; what several share, see there.
    if (parent?.endsWith('spec.ts')) url.searchParams.set('for', context.parentURL);
    return { url: url.href, format: 'module', shortCircuit: true };
  }
  if (/^\.{1,2}\/.*\.js$/.test(specifier) && parent?.endsWith('.ts')) {
    const source = new URL(specifier.replace(/\.js$/, '.ts'), parent);
    if (existsSync(source)) return { url: source.href, format: 'module', shortCircuit: true };
  }
  return next(specifier, context);
}

export async function load(url, context, next) {
  if (!withoutQuery(url).endsWith('.ts')) return next(url, context);
  const { code } = await transformFile(fileURLToPath(url), { ...swcOptions, sourceMaps: 'inline' });
  return { format: 'module', source: code, shortCircuit: true };
}
