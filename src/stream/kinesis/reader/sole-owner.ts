import type { Clock } from '../../../clock.js';
import { type ErrorCode, errorText, SluiceError } from '../../../errors.js';
import { LimitedWarning } from '../../../limited-warning.js';
import type { Schedule } from '../../../timers.js';
import type { Warn } from '../../../warnings.js';
import type { OutletStatus, Position } from '../../stream.js';
import type { KinesisApi, ShardDescription } from '../kinesis-api.js';
import type { ShardOwner, TenureListener } from '../shard-owner.js';
import type { ShardProgress } from '../shard-position.js';
import type { ShardStart } from './record-source.js';
import { parseSolePosition, type RetiredShards, solePositionText } from './sole-position.js';
import { HEALTHY } from './worst-status.js';

export interface SoleOwnerOptions {
  /** As saved; absent at the very first start. */
  readonly from?: Position;
  /** Where all shards begin that the stream has at the very first start. */
  readonly initial: ShardStart;
  /** How often the shards are listed while nothing else asks for it. */
  readonly shardSyncMs: number;
}

export interface SoleOwnerDeps {
  readonly api: Pick<KinesisApi, 'listShards'>;
  readonly clock: Clock;
  readonly timers: Schedule;
  readonly warn: Warn;
}

interface KnownShard {
  progress: ShardProgress;
  parents: readonly string[];
  isReading: boolean;
  /** Listings in a row that did not hold it. */
  missedIn: number;
}

/** A listing may be taken in the middle of a reshard: only a shard that several in a row do not hold has left. */
const LISTINGS = 2;

/** A doubt about the shards is looked into again after this, then after twice as long and so on. */
const DOUBT_MS = 1_000;

/**
 * One process reads all shards, and its checkpoint file is the only memory. Invariants:
 * 1. A shard begins when each of its parents has been handed out to the end, or has left the stream.
 * 2. A shard that is not in the saved position has come since: it begins at its oldest record.
 * 3. A position holds every shard that is listed or not read to the end, and the records of all there ever were.
 */
export class SoleOwner implements ShardOwner {
  readonly #options: SoleOwnerOptions;
  readonly #deps: SoleOwnerDeps;
  readonly #warning: LimitedWarning<ErrorCode>;
  readonly #shards = new Map<string, KnownShard>();
  #retired: RetiredShards = { shards: 0, records: 0 };
  #listener: TenureListener | undefined;
  #isListing = false;
  #isListingDue = false;
  #cancelTimer: (() => void) | undefined;
  #doubtMs = DOUBT_MS;
  /** Named at the end of their parent, and not listed yet. */
  readonly #announced = new Set<string>();
  #failure: SluiceError | undefined;

  constructor(options: SoleOwnerOptions, deps: SoleOwnerDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#warning = new LimitedWarning(deps.warn, deps.clock);
    if (options.from === undefined) return;
    const { shards, retired } = parseSolePosition(options.from);
    for (const [shardId, progress] of shards) {
      this.#shards.set(shardId, { progress, parents: [], isReading: false, missedIn: 0 });
    }
    this.#retired = retired;
  }

  /** User records taken up to there, of all shards there ever were. Throws CHECKPOINT_UNREADABLE. */
  static recordsAt(position: Position): number {
    const { shards, retired } = parseSolePosition(position);
    let { records } = retired;
    for (const progress of shards.values()) records += progress.records;
    return records;
  }

  /** Rejects with why the shards cannot be listed. `position` is then the one before the first record. */
  async open(listener: TenureListener): Promise<void> {
    const listed = await this.#deps.api.listShards();
    this.#listener = listener;
    this.#apply(listed, this.#options.from === undefined ? this.#options.initial : { kind: 'TRIM_HORIZON' });
    this.#listLater();
  }

  handedOut(partition: string, progress: ShardProgress, childShards: readonly string[] = []): void {
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
    return solePositionText({
      shards: new Map([...this.#shards].map(([shardId, { progress }]) => [shardId, progress])),
      retired: this.#retired,
    });
  }

  /** How listing the shards goes. */
  status(): OutletStatus {
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

  /** Never rejects. One call at a time; one more when it was asked for meanwhile. */
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
      if (shard.missedIn >= LISTINGS && isEnded(shard)) this.#retire(shardId, shard);
    }
    this.#beginReady();
  }

  #retire(shardId: string, shard: KnownShard): void {
    this.#shards.delete(shardId);
    this.#retired = {
      shards: this.#retired.shards + 1,
      records: this.#retired.records + shard.progress.records,
    };
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
    // A saved shard that has left begins, too: its reader finds out, says what may be lost, and comes to the end.
    if (shard.missedIn > 0 && shard.missedIn < LISTINGS) return false;
    return shard.parents.every((shardId) => {
      const parent = this.#shards.get(shardId);
      return parent === undefined || isEnded(parent);
    });
  }

  /** Whether the next listing probably tells more than this one. */
  #isDoubtful(): boolean {
    if (this.#announced.size > 0) return true;
    const parents = new Set([...this.#shards.values()].flatMap((shard) => shard.parents));
    for (const [shardId, shard] of this.#shards) {
      if (shard.missedIn > 0) {
        if (shard.missedIn < LISTINGS) return true;
      } else if (isEnded(shard) && !parents.has(shardId)) {
        // A shard ends because others follow it.
        return true;
      }
    }
    return false;
  }

  #failed(thrown: unknown): void {
    const failure =
      thrown instanceof SluiceError ? thrown : new SluiceError('KINESIS_UNREACHABLE', errorText(thrown));
    this.#failure = failure;
    this.#warning.say(
      failure.code,
      { reason: failure.message },
      'the shards of the Kinesis stream cannot be listed; those that are known are read on',
    );
  }
}

function newShard(from: ShardStart): KnownShard {
  return { progress: { at: from, records: 0 }, parents: [], isReading: false, missedIn: 0 };
}

function parentsOf({ parentShardId, adjacentParentShardId }: ShardDescription): string[] {
  return [parentShardId, adjacentParentShardId].filter((shardId) => shardId !== undefined);
}

function isEnded({ progress }: KnownShard): boolean {
  return progress.at.kind === 'SHARD_END';
}
