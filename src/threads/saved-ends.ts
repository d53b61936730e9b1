import { FileCheckpointStore } from '../books/checkpoint-store.js';
import type { DeadLetterEnd } from '../dead-letter/dead-letter-writer.js';
import { syncDirectory } from '../sync-directory.js';
import { CONSUMER_READER } from './log-start.js';

/**
 * Where each folder of the dead letter ended when the one who parks there last saved its place, from the checkpoint
 * files. Absent for a folder without one.
 */
export function savedEnds(checkpoints: string): (folder: string) => Promise<DeadLetterEnd | undefined> {
  const durable = new Map<string, string>();
  return async (folder) => {
    const reader = folder === '' ? CONSUMER_READER : folder;
    const end = (await new FileCheckpointStore(checkpoints, reader).load())?.deadLetterEnd;
    if (end === undefined) return undefined;
    const text = `${end.file}:${end.bytes}`;
    // Another thread has put it in place, and may not have made its name durable yet.
    if (durable.get(folder) !== text) await syncDirectory(checkpoints);
    durable.set(folder, text);
    return end;
  };
}
