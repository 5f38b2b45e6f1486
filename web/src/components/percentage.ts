const percent = new Intl.NumberFormat(undefined, { style: 'percent', maximumFractionDigits: 1 });
const LEAST = 0.001;

/** How much of `all` a part is. A few of very many are not rounded to none. */
export function percentageOf(part: number, all: number): string {
  const share = part / all;
  return part > 0 && share < LEAST ? `under ${percent.format(LEAST)}` : percent.format(share);
}
