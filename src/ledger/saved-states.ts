import type { Warn } from '../lib/warnings.js';
import { readAllCheckpoints } from './checkpoint-store.js';
import { PartitionStates } from './partition-states.js';
import { readState, stateFolder } from './state-journal.js';

/** What the readers of a data directory remembered at their last checkpoints. */
export async function savedStates(
  { checkpoints }: { readonly checkpoints: string },
  warn: Warn,
): Promise<PartitionStates> {
  const states = new PartitionStates();
  for (const [reader, { stateEnd }] of await readAllCheckpoints(checkpoints)) {
    if (stateEnd !== undefined) await readState(stateFolder(checkpoints, reader), stateEnd, states, warn);
  }
  return states;
}
