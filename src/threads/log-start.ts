import { type Checkpoint, readAllCheckpoints } from '../books/checkpoint-store.js';
import { sequenceOfPosition } from '../stream/log/log-reader.js';

/** Names of the log's readers; a checkpoint file is called after each. */
export const CONSUMER_READER = 'consumer';
export const FORWARDER_READER = 'forwarder';
export type LogReaderName = typeof CONSUMER_READER | typeof FORWARDER_READER;

/**
 * Where a reader of the log begins: at its own checkpoint, or, when `stream.mode` was changed since, where the
 * other one had come to; its books go on, too, for they are of the same records. The end of the dead letter is
 * each one's own. `undefined`: at the beginning.
 */
export async function logStart(
  directory: string,
  reader: LogReaderName,
): Promise<
  (Omit<Checkpoint, 'deadLetterEnd'> & { readonly deadLetterEnd?: Checkpoint['deadLetterEnd'] }) | undefined
> {
  const all = await readAllCheckpoints(directory);
  const own = all.get(reader);
  const other = all.get(reader === CONSUMER_READER ? FORWARDER_READER : CONSUMER_READER);
  if (other === undefined) return own;
  if (own === undefined) return { position: other.position, ledger: other.ledger };
  const isOwnFurther = sequenceOfPosition(own.position) >= sequenceOfPosition(other.position);
  return isOwnFurther ? own : { ...own, position: other.position, ledger: other.ledger };
}
