import { FILE_SUFFIX } from './secret-files.js';
import type { Variable } from './variable.js';
import { variables } from './variables.js';

const WIDTH = 100;

const HEAD = `
# Every variable of the service. What stays commented out has the value shown, or none. Copy this file to .env and
# change what you need. Where a file is named as well, the secret may stand in it instead. Made from
# src/config/variables.ts by "npm run env:example".
`.trim();

/** The text of `.env.example`. */
export function envExample(): string {
  const entries = Object.entries<Variable<unknown>>(variables).map(([name, variable]) =>
    [
      ...wrapped(aboutOf(name, variable)).map((line) => `# ${line}`),
      `# ${name}=${variable.default ?? ''}`,
    ].join('\n'),
  );
  return `${[HEAD, ...entries].join('\n\n')}\n`;
}

/** The same as a table in Markdown, for the README. */
export function configurationTable(): string {
  const rows = Object.entries<Variable<unknown>>(variables).map(([name, variable]) =>
    [
      '',
      `\`${name}\``,
      variable.default === undefined ? '' : `\`${variable.default}\``,
      aboutOf(name, variable),
      '',
    ]
      .map((cell) => cell.replaceAll('|', String.raw`\|`))
      .join(' | ')
      .trim(),
  );
  return ['| variable | default | meaning |', '| --- | --- | --- |', ...rows].join('\n');
}

function aboutOf(name: string, { about, isSecret }: Variable<unknown>): string {
  return isSecret === true ? `${about} Or the path of a file that holds it: ${name}${FILE_SUFFIX}.` : about;
}

function wrapped(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length + 1 > WIDTH) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}
