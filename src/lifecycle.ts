/**
 * Signals of a long-running command: the first asks it to stop, a second one ends the process at once, after
 * `onSecond`. Resolves with the name of the first signal.
 */
export function untilSignalled(onSecond: () => Promise<void>): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let isAsked = false;
    const asked = (signal: NodeJS.Signals) => {
      if (isAsked) {
        void onSecond().then(() => process.exit(1));
        return;
      }
      isAsked = true;
      resolve(signal);
    };
    process.on('SIGTERM', asked);
    process.on('SIGINT', asked);
  });
}

/** `work`, or its name in the answer when it has not ended after `ms`. */
export async function withinDeadline(work: Promise<unknown>, ms: number): Promise<'done' | 'late'> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), ms);
  });
  const outcome = await Promise.race([work.then(() => 'done' as const), late]);
  clearTimeout(timer);
  return outcome;
}
