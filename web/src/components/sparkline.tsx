const HEIGHT = 22;
const STEP = 3;

/** A bar for each day: what passed, and upon it what was refused. Says in words what it shows. */
export function Sparkline({ valid, refused }: { valid: readonly number[]; refused: readonly number[] }) {
  const totals = valid.map((count, day) => count + (refused[day] ?? 0));
  const highest = Math.max(1, ...totals);
  const heightOf = (count: number): number => (count === 0 ? 0 : Math.max(1.5, (count / highest) * HEIGHT));
  const sum = (counts: readonly number[]): number => counts.reduce((all, count) => all + count, 0);
  const width = valid.length * STEP - 1;
  const words = `${sum(totals)} verifications in ${valid.length} days, ${sum(refused)} refused`;
  return (
    <svg
      className="sparkline"
      width={width}
      height={HEIGHT}
      viewBox={`0 0 ${width} ${HEIGHT}`}
      role="img"
      aria-label={words}
    >
      <title>{words}</title>
      {totals.map((total, day) => {
        const [whole, passed] = [heightOf(total), heightOf(valid[day] ?? 0)];
        const x = day * STEP;
        return total === 0 ? (
          <rect key={day} className="idle" x={x} y={HEIGHT - 1} width={STEP - 1} height={1} />
        ) : (
          <g key={day}>
            {whole > passed && (
              <rect className="refused" x={x} y={HEIGHT - whole} width={STEP - 1} height={whole - passed} />
            )}
            <rect className="valid" x={x} y={HEIGHT - passed} width={STEP - 1} height={passed} />
          </g>
        );
      })}
    </svg>
  );
}
