import { withinDeadline } from '../lib/lifecycle.js';
import type { SerialQueue } from '../lib/serial-queue.js';

export interface BatchSwap {
  /** Resolves when everything that was mapped so far is completed and saved. */
  readonly complete: () => Promise<void>;
  /** Takes no time: no batch is mapped while it runs. */
  readonly swap: () => void;
}

/**
 * Swaps between two batches. Resolves with 'done' after it, or with 'late' when the present batch is not
 * completed and saved within `ms`: then the swap is withdrawn and never happens. Rejects with what `complete` rejects with.
 *
 * @param batches where each batch is mapped as a task of its own
 */
export async function swapBetweenBatches(
  batches: SerialQueue,
  { complete, swap }: BatchSwap,
  ms: number,
): Promise<'done' | 'late'> {
  let isSwapped = false;
  let isWithdrawn = false;
  const task = batches.run(async () => {
    await complete();
    if (isWithdrawn) return;
    swap();
    isSwapped = true;
  });
  const outcome = await withinDeadline(task, ms);
  // A swap in the same moment as the deadline has happened.
  if (outcome === 'done' || isSwapped) return 'done';
  isWithdrawn = true;
  return 'late';
}
