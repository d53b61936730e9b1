import type { Checkpoint, CheckpointStore } from '../books/checkpoint-store.js';

/** The same store; `note` hears of each checkpoint once it is durable. */
export function notingSaves(store: CheckpointStore, note: (saved: Checkpoint) => void): CheckpointStore {
  return {
    load: () => store.load(),
    save: async (checkpoint) => {
      await store.save(checkpoint);
      note(checkpoint);
    },
  };
}
