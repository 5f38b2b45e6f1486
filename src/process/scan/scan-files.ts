import { constants } from 'node:fs';
import { lstat, open, opendir } from 'node:fs/promises';
import { join } from 'node:path';
import type { KeyFormat } from '../../modules/api-keys/index.js';
import { describeError } from '../../infrastructure/logging/describe-error.js';
import { KeySearch } from './key-search.js';
import type { ScanReport } from './scan-report.js';

const CHUNK_BYTES = 256 * 1024;

/**
 * Looks at a file, or at every file below a directory. Symbolic links are not followed, since they lead anywhere, and
 * what is no regular file is not opened, since reading it may never end. Nor is what is below `.git`: Git packs it, and
 * `scanHistory` reads it.
 */
export async function scanFiles(path: string, format: KeyFormat, report: ScanReport): Promise<void> {
  // No recursion: a tree may be as deep as somebody has made it.
  const left = [path];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    try {
      const entry = await lstat(next);
      if (entry.isDirectory()) left.push(...(await entriesOf(next)).reverse());
      else if (entry.isFile()) await scanFile(next, format, report);
      else if (next === path) report.failed(path, 'it is neither a file nor a directory');
    } catch (error) {
      report.failed(next, describeError(error).code ?? 'for no known reason');
    }
  }
}

async function entriesOf(directory: string): Promise<string[]> {
  const paths: string[] = [];
  for await (const entry of await opendir(directory)) {
    const isLookedAt = entry.isFile() || (entry.isDirectory() && entry.name !== '.git');
    if (isLookedAt) paths.push(join(directory, entry.name));
  }
  return paths.sort();
}

async function scanFile(file: string, format: KeyFormat, report: ScanReport): Promise<void> {
  // It may have become another one since it was looked at: not a link, and nothing whose opening waits.
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    if (!(await handle.stat()).isFile()) return;
    const search = new KeySearch(format);
    const buffer = Buffer.alloc(CHUNK_BYTES);
    let bytes = 0;
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, CHUNK_BYTES, null);
      if (bytesRead === 0) break;
      bytes += bytesRead;
      for (const { key, line } of search.push(buffer.subarray(0, bytesRead))) {
        await report.found(key, { file, line });
      }
      if (search.isCut()) {
        report.cut(file);
        break;
      }
    }
    report.looked(bytes);
  } finally {
    await handle.close();
  }
}
