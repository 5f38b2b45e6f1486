/** Parts that a wait is divided into. */
const STEPS = 10;

/**
 * What `work` gives, or the error of `late` when it takes longer than `ms`. The work itself goes on, and what becomes of
 * it then is nobody's.
 *
 * It waits in steps, and looks between two of them, and once more after the last, at what has arrived: while the process
 * is busy with something else its timers run out though the answer has long been there. Packages such as `p-timeout`
 * give up when their timer fires, and would take a database for away that is not.
 */
export async function withDeadline<T>(work: Promise<T>, ms: number, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;
  const deadline = new Promise<never>((_, reject) => {
    const giveUp = (): void => {
      if (!isOver) reject(late());
    };
    const wait = (steps: number): void => {
      timer = setTimeout(() => {
        if (steps > 1) wait(steps - 1);
        // Node reads from its sockets before this.
        else setImmediate(giveUp);
      }, ms / STEPS);
    };
    wait(STEPS);
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    isOver = true;
    clearTimeout(timer);
  }
}
