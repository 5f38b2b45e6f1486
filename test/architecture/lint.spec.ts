import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
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

/** And for whatever a module does. */
const REFUSED_IN_MODULES: typeof REFUSED = [
  ['a transaction of its own', `await dataSource.transaction(work);`, /UnitOfWork\.run/],
];

const FILES = [
  { where: 'the product', file: 'src/app.module.ts', refused: REFUSED },
  { where: 'a domain', file: 'src/modules/applications/domain/application.ts', refused: REFUSED_IN_DOMAIN },
  {
    where: 'a module',
    file: 'src/modules/applications/infrastructure/typeorm-member.repository.ts',
    refused: REFUSED_IN_MODULES,
  },
];

let found: Record<string, Message[]>;

beforeAll(async () => {
  found = await lint(
    FILES.map(({ file, refused }) => ({ file, source: refused.map(([, line]) => line).join('\n') })),
  );
});

describe.each(FILES)('the linter, in $where,', ({ file, refused }) => {
  it.each(refused.map(([what, , message], index) => ({ what, line: index + 1, message })))(
    'refuses $what',
    ({ line, message }) => {
      expect(found[file]).toContainEqual(
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

/** Types are left out: none of these rules needs them, and they take ten seconds of a processor. */
const PROGRAM = `
  import { ESLint } from 'eslint';
  import tseslint from 'typescript-eslint';

  const eslint = new ESLint({ overrideConfig: tseslint.configs.disableTypeChecked });
  const found = {};
  for (const { file, source } of JSON.parse(process.argv[1])) {
    const [report] = await eslint.lintText(source, { filePath: file });
    found[file] = report.messages;
  }
  console.log(JSON.stringify(found));
`;

/** What the linter says of sources, were they in those files. */
async function lint(sources: { file: string; source: string }[]): Promise<typeof found> {
  const args = ['--input-type=module', '--eval', PROGRAM, JSON.stringify(sources)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout) as typeof found;
}
