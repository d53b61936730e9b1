import type { DeadLetterEnd } from '../dead-letter/dead-letter-writer.js';
import type { Checkpoint, CheckpointStore } from '../ledger/checkpoint-store.js';
import type { Ledger, ReaderLedger } from '../ledger/ledger.js';
import type { StateEnd, StateJournal } from '../ledger/state-journal.js';
import { isNoRoom } from '../lib/disk-room.js';
import { errorText, SluiceError } from '../lib/errors.js';
import type { ComponentStatus, Position, StreamReader } from '../stream/stream.js';
import type { WindowsStage } from '../windows/windows-stage.js';
import type { KinesisReaderReport } from './consume-protocol.js';
import type { FirstContact } from './first-contact.js';
import type { SharedWindowsSource } from './kinesis-shared-windows.js';

/** Where the consumer's records come from, and where it saves its position. */
export interface ConsumerSource {
  readonly ledger: Ledger;
  /** Folder inside the dead letter that goes with these checkpoints; absent: the dead letter itself. */
  readonly deadLetterFolder?: string;
  /** Where the dead letter ended at the checkpoint; undefined without a checkpoint in this data directory. */
  readonly deadLetterEnd: DeadLetterEnd | undefined;
  /** The same for the folder of records without payload. */
  readonly reasonsEnd: DeadLetterEnd | undefined;
  /** Where what mapping remembers is kept; absent where it is not kept: a consumer that takes over a shard begins empty. */
  readonly stateFolder?: string | undefined;
  /** Where the reader starts, or '' before its first checkpoint; absent where several processes share the checkpoints. */
  readonly startPosition?: Position;
  /** Present where several processes share the stream. */
  readonly sharedWindows?: SharedWindowsSource | undefined;
  /** Its end at the checkpoint. */
  readonly stateEnd?: StateEnd | undefined;
  /**
   * Resolves when reading can begin, which may take until the network is back; with `undefined` as soon as `signal` aborts.
   * While `first` lasts, it rejects with an error that no waiting helps against.
   */
  open(signal: AbortSignal, first: FirstContact): Promise<OpenSource | undefined>;
  /** `processedTo` is directly behind the last record that has been processed; undefined until the source is open. */
  readerLedger(processedTo: Position | undefined): ReaderLedger;
  status(): ComponentStatus;
  /** Present when the source has shards: partition → whether it is read to its end. */
  shards?(): ReadonlyMap<string, boolean>;
  /** Present when the source is Kinesis. */
  report?(): KinesisReaderReport;
  /** Called before a drain: a stream that other gateways fill would never be empty. */
  stopFetching?(): void;
  close(): Promise<void>;
}

export interface OpenSource {
  readonly reader: StreamReader;
  readonly checkpoints: CheckpointStore;
  /** Where the reader starts. */
  readonly position: Position;
}

/** Wraps `store` so that `saved` is called with each checkpoint once it is durable. */
export function onSave(store: CheckpointStore, saved: (checkpoint: Checkpoint) => void): CheckpointStore {
  return {
    load: () => store.load(),
    save: async (checkpoint) => {
      await store.save(checkpoint);
      saved(checkpoint);
    },
  };
}

/** Wraps `store` so that what is due of windows is durable before the checkpoint is. */
export function savingWindows(store: CheckpointStore, windows: WindowsStage): CheckpointStore {
  return {
    load: () => store.load(),
    save: async (checkpoint) => {
      try {
        await windows.saveAt(checkpoint.position);
      } catch (thrown) {
        throw new SluiceError(
          isNoRoom(thrown) ? 'DISK_FULL' : 'CHECKPOINT_FAILED',
          `what is due of windows cannot be saved with the checkpoint: ${errorText(thrown)}`,
          { cause: thrown },
        );
      }
      await store.save(checkpoint);
      await windows.noteSaved(checkpoint.position);
    },
  };
}

/** Wraps `store` so that the state that a checkpoint names is durable before the checkpoint is. */
export function savingState(store: CheckpointStore, journal: StateJournal): CheckpointStore {
  return {
    load: () => store.load(),
    save: async (checkpoint) => {
      try {
        await journal.flush();
      } catch (thrown) {
        throw new SluiceError(
          isNoRoom(thrown) ? 'DISK_FULL' : 'CHECKPOINT_FAILED',
          `what the rules remember cannot be saved with the checkpoint: ${errorText(thrown)}`,
          { cause: thrown },
        );
      }
      await store.save(checkpoint);
      if (checkpoint.stateEnd !== undefined) await journal.noteSaved(checkpoint.stateEnd);
    },
  };
}
