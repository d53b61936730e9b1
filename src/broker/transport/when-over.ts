/**
 * Calls `run` once the time is over, and what has arrived by then is read: after a long turn of the event loop Node runs timers
 * before it reads sockets, and would close peers for a delay of its own. The returned function cancels it.
 */
export function whenOver(ms: number, run: () => void): () => void {
  let immediate: NodeJS.Immediate | undefined;
  const timer = setTimeout(() => {
    immediate = setImmediate(run);
  }, ms);
  return () => {
    clearTimeout(timer);
    clearImmediate(immediate);
  };
}
