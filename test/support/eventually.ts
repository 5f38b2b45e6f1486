/** Tries until it no longer throws; the last error is thrown when it still does after `withinMs`. */
export async function eventually<T>(attempt: () => Promise<T> | T, withinMs = 40_000): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
