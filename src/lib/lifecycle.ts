/**
 * Waits for SIGTERM or SIGINT and resolves with the name of the first signal. A second signal ends the process with
 * exit code 1, after `onSecond`.
 */
export function untilSignalled(onSecond: () => Promise<void>): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let isStopping = false;
    const onSignal = (signal: NodeJS.Signals) => {
      if (isStopping) {
        void onSecond().then(() => process.exit(1));
        return;
      }
      isStopping = true;
      resolve(signal);
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}

/** Waits for `work`, but for `ms` at most; 'late' when it has not ended by then. The work continues. */
export async function withinDeadline(work: Promise<unknown>, ms: number): Promise<'done' | 'late'> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), ms);
  });
  const outcome = await Promise.race([work.then(() => 'done' as const), late]);
  clearTimeout(timer);
  return outcome;
}
