import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import { packageDirectory } from '../package-directory.js';

/** How a body can be sent, the smallest first. */
const CODINGS = [
  ['br', '.br'],
  ['gzip', '.gz'],
] as const;

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};

/** One way to send a file. */
export interface Representation {
  coding: 'br' | 'gzip' | 'identity';
  body: Buffer;
  /** Its entity tag (RFC 9110, section 8.8.3). */
  etag: string;
}

export interface DashboardFile {
  type: string;
  /** The smallest first; the last one is the file as it is. */
  representations: Representation[];
}

/** The files of the dashboard by their path below it, such as `index.html`. */
export type DashboardFiles = ReadonlyMap<string, DashboardFile>;

/** Where a build puts them: beside `package.json`, from the sources and from what was compiled alike. */
export function dashboardDirectory(): string {
  return join(packageDirectory(), 'web', 'dist');
}

/** Reads what the build has made, once and whole; undefined when it has not been built. */
export function readDashboard(directory: string): DashboardFiles | undefined {
  if (!existsSync(join(directory, 'index.html'))) return undefined;
  const paths = readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const files = new Map<string, DashboardFile>();
  for (const path of paths) {
    const type = TYPES[extname(path)];
    if (type === undefined) continue;
    const compressed = CODINGS.filter(([, ending]) => existsSync(path + ending));
    const representations = [
      ...compressed.map(([coding, ending]) => represent(coding, path + ending)),
      represent('identity', path),
    ];
    files.set(relative(directory, path).replaceAll(sep, '/'), { type, representations });
  }
  return files;
}

function represent(coding: Representation['coding'], path: string): Representation {
  const body = readFileSync(path);
  const digest = createHash('sha256').update(body).digest('base64url').slice(0, 22);
  return { coding, body, etag: `"${digest}"` };
}
