import type { Clock } from '../../../lib/clock.js';
import { type ErrorCode, errorText, SluiceError } from '../../../lib/errors.js';
import { LimitedWarning } from '../../../lib/limited-warning.js';
import type { Schedule } from '../../../lib/timers.js';
import type { Warn } from '../../../lib/warnings.js';
import type { ComponentStatus, Position } from '../../stream.js';
import { type KinesisApi, parentsOf, type ShardDescription } from '../kinesis-api.js';
import type { ShardAssigner, ShardAssignmentListener } from '../shard-assignment.js';
import type { ShardProgress } from '../shard-position.js';
import type { ShardStart } from './record-source.js';
import { HEALTHY } from './shard-health.js';
import {
  parseSingleWorkerPosition,
  type RetiredShards,
  singleWorkerPositionText,
} from './single-worker-position.js';

export interface SingleWorkerAssignerOptions {
  /** The saved position; absent at the very first start. */
  readonly from?: Position;
  /** Where all shards begin that the stream has at the very first start. */
  readonly initial: ShardStart;
  /** Which stream of that name it is. A saved position of another one is not used. */
  readonly streamCreatedAtMs?: number;
  /** How often the shards are listed without another reason. */
  readonly shardSyncMs: number;
}

export interface SingleWorkerAssignerDeps {
  readonly api: Pick<KinesisApi, 'listShards'>;
  readonly clock: Clock;
  readonly timers: Schedule;
  readonly warn: Warn;
}

interface KnownShard {
  progress: ShardProgress;
  parents: readonly string[];
  isReading: boolean;
  /** Lists in a row that did not contain it. */
  missedIn: number;
}

/** A single list may have been made in the middle of a reshard: a shard has expired only when several in a row do not contain it. */
const LISTS = 2;

/** After a list that is probably incomplete the shards are listed again after this, then after twice as long, and so on. */
const DOUBT_MS = 1_000;

/**
 * SingleWorkerAssigner lets one process read all shards, with its checkpoint file as the only memory. Invariants:
 * 1. A shard begins when each of its parents has been delivered to its end, or has expired from the stream.
 * 2. A shard that is not in the saved position was created later: it begins at its oldest record.
 * 3. A position contains every shard that is listed or not read to its end, and counts the records of all shards that
 *    there ever were.
 * 4. A position is of one stream. When the stream was deleted and made again, reading begins at its oldest records.
 */
export class SingleWorkerAssigner implements ShardAssigner {
  readonly #options: SingleWorkerAssignerOptions;
  readonly #deps: SingleWorkerAssignerDeps;
  readonly #warning: LimitedWarning<ErrorCode>;
  readonly #shards = new Map<string, KnownShard>();
  #retired: RetiredShards = { shards: 0, records: 0 };
  #streamCreatedAtMs: number | undefined;
  #isMadeAgain = false;
  #listener: ShardAssignmentListener | undefined;
  #isListing = false;
  #isListingDue = false;
  #cancelTimer: (() => void) | undefined;
  #doubtMs = DOUBT_MS;
  /** Shards that were named at the end of their parent and are not listed yet. */
  readonly #announced = new Set<string>();
  #failure: SluiceError | undefined;

  constructor(options: SingleWorkerAssignerOptions, deps: SingleWorkerAssignerDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#warning = new LimitedWarning(deps.warn, deps.clock);
    this.#streamCreatedAtMs = options.streamCreatedAtMs;
    if (options.from === undefined) return;
    const { shards, retired, streamCreatedAtMs } = parseSingleWorkerPosition(options.from);
    this.#retired = retired;
    this.#streamCreatedAtMs ??= streamCreatedAtMs;
    this.#isMadeAgain = streamCreatedAtMs !== undefined && streamCreatedAtMs !== this.#streamCreatedAtMs;
    if (this.#isMadeAgain) {
      // Shards of the old stream and of the new one have the same ids. Of the old ones only the counts stay.
      for (const { records } of shards.values()) this.#addRetired(records);
      return;
    }
    for (const [shardId, progress] of shards) {
      this.#shards.set(shardId, { progress, parents: [], isReading: false, missedIn: 0 });
    }
  }

  /** Returns the user records that were read up to `position`, from all shards there ever were. Throws CHECKPOINT_UNREADABLE. */
  static recordsAt(position: Position): number {
    const { shards, retired } = parseSingleWorkerPosition(position);
    let { records } = retired;
    for (const progress of shards.values()) records += progress.records;
    return records;
  }

  /** Rejects with why the shards cannot be listed. */
  async open(listener: ShardAssignmentListener): Promise<void> {
    const listed = await this.#deps.api.listShards();
    this.#listener = listener;
    if (this.#isMadeAgain) listener.streamMadeAgain();
    this.#apply(listed, this.#options.from === undefined ? this.#options.initial : { kind: 'TRIM_HORIZON' });
    this.#listLater();
  }

  delivered(partition: string, progress: ShardProgress, childShards: readonly string[] = []): void {
    const shard = this.#shards.get(partition);
    if (shard === undefined) return;
    shard.progress = progress;
    if (progress.at.kind !== 'SHARD_END') return;
    shard.isReading = false;
    for (const child of childShards) if (!this.#shards.has(child)) this.#announced.add(child);
    this.#beginReady();
    void this.#list();
  }

  position(): Position {
    return singleWorkerPositionText({
      shards: new Map([...this.#shards].map(([shardId, { progress }]) => [shardId, progress])),
      retired: this.#retired,
      streamCreatedAtMs: this.#streamCreatedAtMs,
    });
  }

  /** The next start finds out which stream it is. */
  streamMadeAgain(): void {
    this.#streamCreatedAtMs = undefined;
  }

  /** Returns whether the shards can be listed. */
  status(): ComponentStatus {
    if (this.#failure === undefined) return HEALTHY;
    return {
      state: this.#failure.retryable ? 'retrying' : 'misconfigured',
      detail: `the shards cannot be listed: ${this.#failure.message}`,
    };
  }

  async close(): Promise<void> {
    this.#listener = undefined;
    this.#cancelTimer?.();
  }

  /** Never rejects. One call runs at a time; one more follows when it was requested meanwhile. */
  async #list(): Promise<void> {
    this.#isListingDue = true;
    if (this.#isListing) return;
    this.#isListing = true;
    while (this.#isListingDue && this.#listener !== undefined) {
      this.#isListingDue = false;
      try {
        const listed = await this.#deps.api.listShards();
        this.#failure = undefined;
        if (this.#listener !== undefined) this.#apply(listed, { kind: 'TRIM_HORIZON' });
      } catch (thrown) {
        this.#failed(thrown);
      }
    }
    this.#isListing = false;
    this.#listLater();
  }

  #listLater(): void {
    this.#cancelTimer?.();
    if (this.#listener === undefined) return;
    const isDoubtful = this.#failure !== undefined || this.#isDoubtful();
    const waitMs = isDoubtful
      ? Math.min(this.#doubtMs, this.#options.shardSyncMs)
      : this.#options.shardSyncMs;
    this.#doubtMs = isDoubtful ? Math.min(this.#doubtMs * 2, this.#options.shardSyncMs) : DOUBT_MS;
    this.#cancelTimer = this.#deps.timers(waitMs, () => void this.#list());
  }

  #apply(listed: readonly ShardDescription[], begin: ShardStart): void {
    const seen = new Set<string>();
    for (const description of listed) {
      seen.add(description.shardId);
      this.#announced.delete(description.shardId);
      const known = this.#shards.get(description.shardId);
      const shard = known ?? newShard(begin);
      shard.parents = parentsOf(description);
      shard.missedIn = 0;
      if (known === undefined) this.#shards.set(description.shardId, shard);
    }
    for (const [shardId, shard] of this.#shards) {
      if (seen.has(shardId)) continue;
      shard.missedIn += 1;
      if (shard.missedIn >= LISTS && isEnded(shard)) this.#retire(shardId, shard);
    }
    this.#beginReady();
  }

  #retire(shardId: string, shard: KnownShard): void {
    this.#shards.delete(shardId);
    this.#addRetired(shard.progress.records);
  }

  #addRetired(records: number): void {
    this.#retired = { shards: this.#retired.shards + 1, records: this.#retired.records + records };
  }

  #beginReady(): void {
    for (const [shardId, shard] of this.#shards) {
      const { at, records } = shard.progress;
      if (shard.isReading || at.kind === 'SHARD_END' || !this.#mayBegin(shard)) continue;
      shard.isReading = true;
      this.#listener?.begin({ partition: shardId, shardId, from: at, records });
    }
  }

  #mayBegin(shard: KnownShard): boolean {
    // A saved shard that has expired begins as well: its reader notices that, logs what may be lost, and ends.
    if (shard.missedIn > 0 && shard.missedIn < LISTS) return false;
    return shard.parents.every((shardId) => {
      const parent = this.#shards.get(shardId);
      return parent === undefined || isEnded(parent);
    });
  }

  /** Returns whether the next list will probably contain more than this one. */
  #isDoubtful(): boolean {
    if (this.#announced.size > 0) return true;
    const parents = new Set([...this.#shards.values()].flatMap((shard) => shard.parents));
    for (const [shardId, shard] of this.#shards) {
      if (shard.missedIn > 0) {
        if (shard.missedIn < LISTS) return true;
      } else if (isEnded(shard) && !parents.has(shardId)) {
        // A shard ends because others follow it, so its children are still to be listed.
        return true;
      }
    }
    return false;
  }

  #failed(thrown: unknown): void {
    const failure =
      thrown instanceof SluiceError ? thrown : new SluiceError('KINESIS_UNREACHABLE', errorText(thrown));
    this.#failure = failure;
    this.#warning.log(
      failure.code,
      { reason: failure.message },
      'the shards of the Kinesis stream cannot be listed; known shards are still read',
    );
  }
}

function newShard(from: ShardStart): KnownShard {
  return { progress: { at: from, records: 0 }, parents: [], isReading: false, missedIn: 0 };
}

function isEnded({ progress }: KnownShard): boolean {
  return progress.at.kind === 'SHARD_END';
}
