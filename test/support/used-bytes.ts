import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

// Also where node was not started with --expose-gc.
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** What is in use of the heap, and of memory outside of it, without garbage. */
export function usedBytes(): number {
  // Twice: memory outside of the heap is given back while the first one's sweeping goes on.
  collectGarbage();
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
