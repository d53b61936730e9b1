import type { KinesisConfig } from '../config/sluice-config.js';
import type { DataDirectory } from '../data-directory/data-directory.js';
import { KINESIS_DEAD_LETTER } from '../dead-letter/dead-letter-files.js';
import type { DeadLetterEnd } from '../dead-letter/dead-letter-writer.js';
import { type Checkpoint, FileCheckpointStore } from '../ledger/checkpoint-store.js';
import { Ledger, type ReaderLedger } from '../ledger/ledger.js';
import { type StateEnd, stateFolder } from '../ledger/state-journal.js';
import { scheduleOnTimer } from '../lib/timers.js';
import { SingleWorkerAssigner } from '../stream/kinesis/reader/single-worker-assigner.js';
import type { ComponentStatus, Position } from '../stream/stream.js';
import { directoryOrigin } from './checkpoint-origin.js';
import type { KinesisCheckpoints, KinesisCheckpointsParts } from './kinesis-checkpoints.js';

/** `checkpoints: file`: one process reads all shards; positions and ledger are one file in its data directory. */
export class FileCheckpoints implements KinesisCheckpoints {
  readonly ledger: Ledger;
  readonly deadLetterFolder: string;
  readonly deadLetterEnd: DeadLetterEnd | undefined;
  readonly reasonsEnd: DeadLetterEnd | undefined;
  readonly stateFolder: string;
  readonly stateEnd: StateEnd | undefined;
  readonly checkpoints: FileCheckpointStore;
  readonly #newAssigner: (streamCreatedAtMs?: number) => SingleWorkerAssigner;
  readonly #saved: Checkpoint | undefined;
  #assigner: SingleWorkerAssigner;

  private constructor(
    name: string,
    folder: string,
    checkpoints: FileCheckpointStore,
    saved: Checkpoint | undefined,
    newAssigner: (streamCreatedAtMs?: number) => SingleWorkerAssigner,
  ) {
    this.deadLetterFolder = name;
    this.checkpoints = checkpoints;
    this.#saved = saved;
    this.ledger = new Ledger(saved?.ledger);
    this.deadLetterEnd = saved?.deadLetterEnd;
    this.reasonsEnd = saved?.reasonsEnd;
    this.stateFolder = stateFolder(folder, name);
    this.stateEnd = saved?.stateEnd;
    this.#newAssigner = newAssigner;
    this.#assigner = newAssigner();
  }

  static async create(
    kinesis: KinesisConfig,
    directory: Pick<DataDirectory, 'checkpoints' | 'id'>,
    { api, clock, initial, warn }: KinesisCheckpointsParts,
  ): Promise<FileCheckpoints> {
    const name = kinesisCheckpointName(kinesis);
    const checkpoints = new FileCheckpointStore(directory.checkpoints, name, () =>
      directoryOrigin(directory),
    );
    const { shardSyncMs } = kinesis.reader;
    const saved = await checkpoints.load();
    const from = saved === undefined ? {} : { from: saved.position };
    return new FileCheckpoints(
      name,
      directory.checkpoints,
      checkpoints,
      saved,
      (streamCreatedAtMs) =>
        new SingleWorkerAssigner(
          { ...from, initial, shardSyncMs, streamCreatedAtMs },
          { api, clock, timers: scheduleOnTimer, warn },
        ),
    );
  }

  get startPosition(): Position {
    return this.#saved?.position ?? '';
  }

  get assigner(): SingleWorkerAssigner {
    return this.#assigner;
  }

  newAssigner(streamCreatedAtMs: number | undefined): SingleWorkerAssigner {
    this.#assigner = this.#newAssigner(streamCreatedAtMs);
    return this.#assigner;
  }

  readerLedger(processedTo: Position | undefined = this.#saved?.position): ReaderLedger {
    const totals = this.ledger.totals();
    if (processedTo === undefined) return { received: 0, processed: 0, totals };
    const processed = SingleWorkerAssigner.recordsAt(processedTo);
    // Before it is opened, the assigner has no position.
    const received = Math.max(processed, SingleWorkerAssigner.recordsAt(this.#assigner.position()));
    return { received, processed, totals };
  }

  status(): ComponentStatus {
    return this.#assigner.status();
  }

  leases(): undefined {
    return undefined;
  }
}

/** Each stream and application has its own file: two applications may use one data directory one after the other. */
export function kinesisCheckpointName({ name, reader: { application } }: KinesisConfig): string {
  return `${KINESIS_DEAD_LETTER}${name}-${application}`;
}
