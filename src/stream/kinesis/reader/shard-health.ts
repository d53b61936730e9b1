import type { Clock } from '../../../clock.js';
import { type ErrorCode, errorText, SluiceError } from '../../../errors.js';
import type { LimitedWarning } from '../../../limited-warning.js';
import type { Warn } from '../../../warnings.js';
import type { OutletStatus } from '../../stream.js';
import type { ReaderTotals } from './reader-counters.js';
import type { GapCode, ShardPage, ShardWatch } from './record-source.js';
import { HEALTHY } from './worst-status.js';

/** Shared by all shards of a reader. */
export interface HealthPorts {
  readonly totals: ReaderTotals;
  readonly clock: Clock;
  readonly warn: Warn;
  readonly limitedWarning: LimitedWarning<ErrorCode>;
}

/** A shared stream is over its rate now and then; only a row of refusals is worth showing. */
const THROTTLES_SHOWN = 3;

const NS_PER_MS = 1_000_000n;

/** How fetching of one shard goes: counts it, says it in the log, and knows it for readiness. */
export class ShardHealth implements ShardWatch {
  readonly #shardId: string;
  readonly #ports: HealthPorts;
  #lastGoodAtMs: number;
  #millisBehindLatest = 0;
  /** In a row. */
  #throttles = 0;
  #failure: SluiceError | undefined;

  constructor(shardId: string, ports: HealthPorts) {
    this.#shardId = shardId;
    this.#ports = ports;
    this.#lastGoodAtMs = this.#nowMs();
  }

  /** Wall clock. */
  get lastGoodAtMs(): number {
    return this.#lastGoodAtMs;
  }

  get millisBehindLatest(): number {
    return this.#millisBehindLatest;
  }

  status(): OutletStatus {
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
    this.#millisBehindLatest = page.millisBehindLatest;
    this.#throttles = 0;
    this.#failure = undefined;
  }

  failed(thrown: unknown): void {
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
    this.#ports.limitedWarning.say(
      failure.code,
      { shardId: this.#shardId, reason: failure.message },
      failure.retryable
        ? 'Kinesis does not answer as it should; reading goes on when it does'
        : 'the Kinesis stream cannot be read as it is; reading goes on when that is mended',
    );
  }

  iteratorRenewed(): void {
    this.#ports.totals.iteratorsRenewed += 1;
  }

  gap(code: GapCode, behind?: string): void {
    this.#ports.totals.gaps += 1;
    this.#ports.warn(
      { code, shardId: this.#shardId, ...(behind === undefined ? {} : { behind }) },
      code === 'SHARD_LEFT_STREAM'
        ? 'a shard has left the stream before its end was read: records in it may be lost. Retention is too short for this standstill'
        : 'the stream no longer holds the place where reading should go on: records behind it may be lost. Retention is too short for this standstill',
    );
  }

  #nowMs(): number {
    return Number(this.#ports.clock.nowNs() / NS_PER_MS);
  }
}
