import { type Checkpoint, FileCheckpointStore } from '../books/checkpoint-store.js';
import { Ledger } from '../books/ledger.js';
import type { KinesisConfig } from '../config/sluice-config.js';
import { KINESIS_DEAD_LETTER } from '../dead-letter/dead-letter-files.js';
import type { DeadLetterEnd } from '../dead-letter/dead-letter-writer.js';
import { SoleOwner } from '../stream/kinesis/reader/sole-owner.js';
import type { OutletStatus, Position } from '../stream/stream.js';
import { scheduleOnTimer } from '../timers.js';
import type { Book } from './book.js';
import type { KinesisPlace, PlaceParts } from './kinesis-place.js';

/** `checkpoints: file`: one process reads all shards; place and books are one file in its data directory. */
export class FilePlace implements KinesisPlace {
  readonly ledger: Ledger;
  readonly deadLetterFolder: string;
  readonly deadLetterEnd: DeadLetterEnd | undefined;
  readonly checkpoints: FileCheckpointStore;
  readonly #newOwner: () => SoleOwner;
  readonly #saved: Checkpoint | undefined;
  #owner: SoleOwner;

  private constructor(
    name: string,
    checkpoints: FileCheckpointStore,
    saved: Checkpoint | undefined,
    newOwner: () => SoleOwner,
  ) {
    this.deadLetterFolder = name;
    this.checkpoints = checkpoints;
    this.#saved = saved;
    this.ledger = new Ledger(saved?.ledger);
    this.deadLetterEnd = saved?.deadLetterEnd;
    this.#newOwner = newOwner;
    this.#owner = newOwner();
  }

  static async create(
    kinesis: KinesisConfig,
    directory: string,
    { api, clock, initial, warn }: PlaceParts,
  ): Promise<FilePlace> {
    const name = kinesisCheckpointName(kinesis);
    const checkpoints = new FileCheckpointStore(directory, name);
    const { shardSyncMs } = kinesis.reader;
    const saved = await checkpoints.load();
    const from = saved === undefined ? {} : { from: saved.position };
    return new FilePlace(
      name,
      checkpoints,
      saved,
      () => new SoleOwner({ ...from, initial, shardSyncMs }, { api, clock, timers: scheduleOnTimer, warn }),
    );
  }

  get owner(): SoleOwner {
    return this.#owner;
  }

  newOwner(): SoleOwner {
    this.#owner = this.#newOwner();
    return this.#owner;
  }

  book(settled: Position | undefined = this.#saved?.position): Book {
    const fates = this.ledger.totals();
    if (settled === undefined) return { received: 0, decided: 0, fates };
    const decided = SoleOwner.recordsAt(settled);
    // Before it is opened the owner knows of nothing.
    const received = Math.max(decided, SoleOwner.recordsAt(this.#owner.position()));
    return { received, decided, fates };
  }

  status(): OutletStatus {
    return this.#owner.status();
  }

  leases(): undefined {
    return undefined;
  }
}

/** One file a stream and application: two applications may use one data directory one after the other. */
export function kinesisCheckpointName({ name, reader: { application } }: KinesisConfig): string {
  return `${KINESIS_DEAD_LETTER}${name}-${application}`;
}
