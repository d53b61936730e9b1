/** Runs `work` for each, at most `width` at a time; all are tried. Resolves with what was thrown. */
export async function eachBounded<T>(
  all: readonly T[],
  width: number,
  work: (one: T) => Promise<void>,
): Promise<readonly unknown[]> {
  const failures: unknown[] = [];
  const queue = all.values();
  const lane = async () => {
    for (const one of queue) {
      try {
        await work(one);
      } catch (thrown) {
        failures.push(thrown);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, all.length) }, lane));
  return failures;
}
