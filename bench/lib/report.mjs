/**
 * A Markdown table, its columns as wide as they need.
 *
 * @param {string[]} head
 * @param {string[][]} rows
 */
export function table(head, rows) {
  const widths = head.map((title, column) =>
    Math.max(...[head, ...rows].map((row) => row[column].length), title.length),
  );
  const line = (cells) =>
    `| ${cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))).join(' | ')} |`;
  const rule = `| ${widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}

/** Three significant digits, thousands in groups; a dash for what could not be measured. @param {number | undefined} value */
export function number(value) {
  if (value === undefined || Number.isNaN(value)) return '–';
  if (value >= 1000) return Math.round(value).toLocaleString('en');
  return String(Number(value.toPrecision(3)));
}

/** @param {number} bytes */
export function megabytes(bytes) {
  return `${number(bytes / 1024 ** 2)} MB`;
}

/**
 * @typedef {object} Goal
 * @property {string} figure
 * @property {'at least' | 'at most'} direction
 * @property {number} goal
 * @property {number | undefined} measured
 */

/** @param {Goal[]} goals */
export function goalsTable(goals) {
  return table(
    ['figure', 'goal', 'measured', 'reached'],
    goals.map(({ figure, direction, goal, measured }) => [
      figure,
      `${direction === 'at least' ? '≥' : '≤'} ${goal}`,
      number(measured),
      verdict(direction, goal, measured),
    ]),
  );
}

function verdict(direction, goal, measured) {
  if (measured === undefined || Number.isNaN(measured)) return 'not measured';
  return (direction === 'at least' ? measured >= goal : measured <= goal) ? 'yes' : 'no';
}
