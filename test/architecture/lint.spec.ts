import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';

/** What the product must not contain, a line each, and what the linter says of it. */
const REFUSED: [what: string, line: string, message: RegExp][] = [
  ['a forwardRef', `import { forwardRef } from '@nestjs/common';`, /need each other/],
  ['a request-scoped provider', `import { Scope } from '@nestjs/common';`, /singletons/],
  ['an injected request', `import { REQUEST } from '@nestjs/core';`, /request-scoped/],
  ['the environment', `export const port = process.env.PORT;`, /src\/config\/env\.ts/],
  ['the environment, taken apart', `export const { env } = process;`, /src\/config\/env\.ts/],
  ['the environment, imported', `import { env as e } from 'node:process';`, /src\/config\/env\.ts/],
  ['the console', `console.log('a secret');`, /console/],
];

/** The same for a domain, besides. */
const REFUSED_IN_DOMAIN: typeof REFUSED = [
  ['a forwardRef', `import { forwardRef } from '@nestjs/common';`, /need each other/],
  ['sockets', `import { connect } from 'node:net';`, /opens no connections/],
];

describe.each([
  ['the product', 'src/app.module.ts', REFUSED],
  ['a domain', 'src/modules/applications/domain/application.ts', REFUSED_IN_DOMAIN],
])('the linter, in %s,', (_, file, refused) => {
  let found: Message[];

  beforeAll(async () => {
    found = await lint(file, refused.map(([, line]) => line).join('\n'));
  }, 60_000);

  it.each(refused.map(([what, , message], index) => ({ what, line: index + 1, message })))(
    'refuses $what',
    ({ line, message }) => {
      expect(found).toContainEqual(
        expect.objectContaining({ line, severity: 2, message: expect.stringMatching(message) }),
      );
    },
  );
});

interface Message {
  line: number;
  /** 2 is an error. */
  severity: number;
  message: string;
}

/** What the linter says of a source, were it in that file. */
async function lint(file: string, source: string): Promise<Message[]> {
  const eslint = join(process.cwd(), 'node_modules/eslint/bin/eslint.js');
  return new Promise((resolve, reject) => {
    const child = execFile(
      process.execPath,
      [eslint, '--stdin', '--stdin-filename', file, '--format', 'json'],
      (error, stdout, stderr) => {
        try {
          const [report] = JSON.parse(stdout) as [{ messages: Message[] }];
          resolve(report.messages);
        } catch {
          reject(new Error(`eslint failed: ${stderr}`, { cause: error }));
        }
      },
    );
    child.stdin?.end(source);
  });
}
