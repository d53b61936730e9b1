import type { Clock } from '../../../lib/clock.js';
import { type ErrorCode, errorText, SluiceError } from '../../../lib/errors.js';
import type { LimitedWarning } from '../../../lib/limited-warning.js';
import type { Warn } from '../../../lib/warnings.js';
import type { ComponentStatus } from '../../stream.js';
import type { ReaderTotals } from './reader-counters.js';
import type { GapCode, ShardPage, ShardWatch } from './record-source.js';

export const HEALTHY: ComponentStatus = { state: 'healthy', detail: '' };

const RANK: Readonly<Record<ComponentStatus['state'], number>> = {
  healthy: 0,
  retrying: 1,
  misconfigured: 2,
};

export const MADE_AGAIN =
  'the stream was deleted and made again: what was in the old one and not yet read is gone. Reading starts at the oldest record of the new one';

/** HealthPorts are shared by all shards of a reader. */
export interface HealthPorts {
  readonly totals: ReaderTotals;
  readonly clock: Clock;
  readonly warn: Warn;
  readonly limitedWarning: LimitedWarning<ErrorCode | 'POSITION_REFUSED'>;
  /** Called when a shard turns out to be of another stream than its saved position. */
  readonly onMadeAgain: () => void;
}

const GAP_SENTENCES: Readonly<Record<GapCode, string>> = {
  SHARD_LEFT_STREAM:
    'a shard has expired from the stream before its end was read: records in it may be lost. The retention is too short for this delay',
  POSITION_LEFT_STREAM:
    'the position where reading should continue has expired from the stream: records after it may be lost. The retention is too short for this delay',
  STREAM_MADE_AGAIN: MADE_AGAIN,
};

/** A shared stream is throttled now and then; only several times in a row are reported. */
const THROTTLES_SHOWN = 3;

const NS_PER_MS = 1_000_000n;

/** ShardHealth observes fetching of one shard: it counts, logs, and knows the status for readiness. */
export class ShardHealth implements ShardWatch {
  readonly #shardId: string;
  readonly #ports: HealthPorts;
  #lastGoodAtMs: number;
  #millisBehindLatest = 0;
  #hasAnswered = false;
  /** Throttled calls in a row. */
  #throttles = 0;
  #failure: SluiceError | undefined;

  constructor(shardId: string, ports: HealthPorts) {
    this.#shardId = shardId;
    this.#ports = ports;
    this.#lastGoodAtMs = this.#nowMs();
  }

  /** Returns the wall clock time of the last good answer. */
  get lastGoodAtMs(): number {
    return this.#lastGoodAtMs;
  }

  get millisBehindLatest(): number {
    return this.#millisBehindLatest;
  }

  /** Whether the last answer reached the end of the shard; false before the first one. */
  get isAtEnd(): boolean {
    return this.#hasAnswered && this.#millisBehindLatest === 0;
  }

  status(): ComponentStatus {
    if (this.#failure === undefined) return HEALTHY;
    const state = this.#failure.retryable ? 'retrying' : 'misconfigured';
    return { state, detail: `shard ${this.#shardId}: ${this.#failure.message}` };
  }

  answered(page: ShardPage, bytes: number): void {
    const { totals } = this.#ports;
    totals.polls += 1;
    totals.bytesRead += bytes;
    if (page.records.length === 0) totals.emptyPolls += 1;
    if (page.end !== undefined) totals.shardsEnded += 1;
    this.#lastGoodAtMs = this.#nowMs();
    this.#hasAnswered = true;
    this.#millisBehindLatest = page.millisBehindLatest;
    this.#throttles = 0;
    this.#failure = undefined;
  }

  failed(thrown: unknown, as?: 'POSITION_REFUSED'): void {
    if (thrown instanceof SluiceError && thrown.code === 'KINESIS_THROTTLED') {
      this.#throttles += 1;
      this.#ports.totals.throttled += 1;
      if (this.#throttles < THROTTLES_SHOWN) return;
    } else {
      this.#ports.totals.failures += 1;
    }
    const failure =
      thrown instanceof SluiceError ? thrown : new SluiceError('KINESIS_UNREACHABLE', errorText(thrown));
    this.#failure = failure;
    if (as !== undefined) {
      this.#ports.limitedWarning.log(
        as,
        { shardId: this.#shardId, reason: failure.message },
        'Kinesis refuses the position where reading should continue; reading goes on at the oldest record',
      );
      return;
    }
    this.#ports.limitedWarning.log(
      failure.code,
      { shardId: this.#shardId, reason: failure.message },
      failure.retryable
        ? 'Kinesis does not answer as it should; reading continues when it does'
        : 'the Kinesis stream cannot be read as it is; reading continues when that is fixed',
    );
  }

  iteratorRenewed(): void {
    this.#ports.totals.iteratorsRenewed += 1;
  }

  gap(code: GapCode, behind?: string): void {
    this.#ports.totals.gaps += 1;
    if (code === 'STREAM_MADE_AGAIN') this.#ports.onMadeAgain();
    this.#ports.warn({ code, shardId: this.#shardId, behind }, GAP_SENTENCES[code]);
  }

  #nowMs(): number {
    return Number(this.#ports.clock.nowNs() / NS_PER_MS);
  }
}

/** Returns the worst of several statuses; the first of equally bad ones. */
export function worstStatus(statuses: readonly ComponentStatus[]): ComponentStatus {
  let worst = HEALTHY;
  for (const status of statuses) if (RANK[status.state] > RANK[worst.state]) worst = status;
  return worst;
}
