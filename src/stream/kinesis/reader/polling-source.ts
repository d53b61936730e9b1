import type { Clock } from '../../../lib/clock.js';
import type { SluiceError } from '../../../lib/errors.js';
import { pauseOn, type Schedule } from '../../../lib/timers.js';
import type { KinesisApi, KinesisRecord, RecordsPage } from '../kinesis-api.js';
import { asFailure, failureWaitMs, isOfEarlierStream, ShardAbsence } from './failure-wait.js';
import { FetchPosition } from './fetch-position.js';
import { type FetchReservation, heldBytesOf, MAX_PAGE_RECORDS } from './fetch-room.js';
import type {
  CursorPorts,
  GapCode,
  RecordSource,
  ShardCursor,
  ShardPage,
  ShardStart,
} from './record-source.js';

/** PollLimits are what all polling readers of a shard may do together: 5 calls and 2 MB a second (service-sizes-and-limits, 2026). */
export interface PollLimits {
  readonly callsPerSecond: number;
  readonly bytesPerSecond: number;
}

export const SHARD_READ_LIMITS: PollLimits = { callsPerSecond: 5, bytesPerSecond: 2_000_000 };

const CAUGHT_UP_MS = 250;
const LONGEST_IDLE_MS = 1_000;

export interface PollingDeps {
  readonly api: Pick<KinesisApi, 'shardIterator' | 'getRecords' | 'listShards'>;
  readonly clock: Clock;
  readonly timers: Schedule;
  /** Returns a number in [0, 1). */
  readonly random: () => number;
}

/** PollingSource reads shards with GetRecords. */
export class PollingSource implements RecordSource {
  readonly #deps: PollingDeps;
  readonly #limits: PollLimits;

  constructor(deps: PollingDeps, limits: PollLimits = SHARD_READ_LIMITS) {
    this.#deps = deps;
    this.#limits = limits;
  }

  open(shardId: string, from: ShardStart, ports: CursorPorts): ShardCursor {
    return new PollingCursor(shardId, from, ports, this.#deps, this.#limits);
  }
}

class PollingCursor implements ShardCursor {
  readonly #shardId: string;
  readonly #ports: CursorPorts;
  readonly #deps: PollingDeps;
  readonly #position: FetchPosition;
  readonly #pace: PollPace;
  readonly #absence: ShardAbsence;
  #iterator: string | undefined;
  /** On the monotonic clock. */
  #notBeforeMs = Number.NEGATIVE_INFINITY;
  #failures = 0;
  #gapCode: GapCode = 'POSITION_LEFT_STREAM';

  constructor(shardId: string, from: ShardStart, ports: CursorPorts, deps: PollingDeps, limits: PollLimits) {
    this.#shardId = shardId;
    this.#ports = ports;
    this.#deps = deps;
    this.#position = new FetchPosition(from);
    this.#pace = new PollPace(limits);
    this.#absence = new ShardAbsence(deps.api, shardId);
  }

  async next(signal: AbortSignal): Promise<ShardPage | undefined> {
    while (!signal.aborted) {
      const waitMs = this.#notBeforeMs - this.#deps.clock.monotonicMs();
      if (waitMs > 0) await pauseOn(this.#deps.timers)(waitMs, signal);
      const reservation = await this.#ports.room.reserve(signal);
      if (reservation === undefined) return undefined;
      try {
        const page = await this.#poll(reservation, signal);
        if (page !== undefined) return page;
      } catch (thrown) {
        reservation.complete(0);
        if (signal.aborted) return undefined;
        const end = await this.#failed(asFailure(thrown));
        if (end !== undefined) return end;
      }
    }
    return undefined;
  }

  close(): void {
    this.#iterator = undefined;
  }

  async #poll(reservation: FetchReservation, signal: AbortSignal): Promise<ShardPage | undefined> {
    const startedAtMs = this.#deps.clock.monotonicMs();
    this.#iterator ??= await this.#deps.api.shardIterator(this.#shardId, this.#position.start);
    const answer = await this.#deps.api.getRecords(this.#iterator, MAX_PAGE_RECORDS);
    if (signal.aborted) {
      reservation.complete(0);
      return undefined;
    }
    const { records, gapBehind } = this.#position.accept(answer.records);
    reservation.complete(heldBytesOf(records));
    return this.#toPage(answer, records, gapBehind, startedAtMs);
  }

  #toPage(
    answer: RecordsPage,
    records: readonly KinesisRecord[],
    gapBehind: string | undefined,
    startedAtMs: number,
  ): ShardPage {
    const { nextIterator, millisBehindLatest, childShards } = answer;
    const bytes = dataBytes(answer.records);
    this.#failures = 0;
    this.#iterator = nextIterator;
    this.#notBeforeMs = startedAtMs + this.#pace.afterPage(answer.records.length, bytes, millisBehindLatest);
    const gap = nextIterator === undefined ? (gapBehind ?? this.#position.gapAtEnd()) : gapBehind;
    if (gap !== undefined) this.#ports.watch.gap(this.#gapCode, gap);
    const page: ShardPage = {
      records,
      millisBehindLatest,
      end: nextIterator === undefined ? { childShards } : undefined,
    };
    this.#ports.watch.answered(page, bytes);
    return page;
  }

  /** Resolves with the end of the shard when the shard has expired from the stream. */
  async #failed(error: SluiceError): Promise<ShardPage | undefined> {
    this.#failures += 1;
    this.#notBeforeMs =
      this.#deps.clock.monotonicMs() + failureWaitMs(error, this.#failures, this.#deps.random);
    switch (error.code) {
      case 'KINESIS_ITERATOR_EXPIRED':
        // This is normal after the store was unavailable for a while.
        this.#ports.watch.iteratorRenewed();
        this.#renewIterator();
        if (this.#failures === 1) this.#notBeforeMs = Number.NEGATIVE_INFINITY;
        return undefined;
      case 'KINESIS_REQUEST_REFUSED': {
        if (isOfEarlierStream(error)) this.#gapCode = 'STREAM_MADE_AGAIN';
        // Kinesis refused the iterator if there is one, else the position to start from.
        const hasMoved = this.#iterator === undefined && this.#position.fallBackToOldest();
        if (this.#iterator !== undefined) this.#renewIterator();
        this.#ports.watch.failed(error, hasMoved ? 'POSITION_REFUSED' : undefined);
        return undefined;
      }
      case 'KINESIS_STREAM_MISSING': {
        this.#ports.watch.failed(error);
        this.#renewIterator();
        if (!(await this.#absence.isConfirmed())) return undefined;
        this.#ports.watch.gap('SHARD_LEFT_STREAM', this.#position.lastKnown);
        const page: ShardPage = { records: [], millisBehindLatest: 0, end: { childShards: [] } };
        this.#ports.watch.answered(page, 0);
        return page;
      }
      default:
        this.#ports.watch.failed(error);
        return undefined;
    }
  }

  #renewIterator(): void {
    this.#iterator = undefined;
    this.#position.restart();
  }
}

function dataBytes(records: readonly KinesisRecord[]): number {
  let bytes = 0;
  for (const { data } of records) bytes += data.length;
  return bytes;
}

/** PollPace decides when the next GetRecords call of a shard may be made. */
export class PollPace {
  readonly #limits: PollLimits;
  #idleMs = CAUGHT_UP_MS;

  constructor(limits: PollLimits) {
    this.#limits = limits;
  }

  /** Returns the ms from the start of the call for this page to the start of the next call. */
  afterPage(records: number, dataBytes: number, millisBehindLatest: number): number {
    const allowedMs = Math.max(
      1_000 / this.#limits.callsPerSecond,
      (dataBytes / this.#limits.bytesPerSecond) * 1_000,
    );
    if (records > 0) this.#idleMs = CAUGHT_UP_MS;
    // Empty answers before later records are normal, and no reason to slow down. Some stand-ins always answer 0 here.
    if (millisBehindLatest > 0 || records >= MAX_PAGE_RECORDS) return allowedMs;
    if (records > 0) return Math.max(allowedMs, CAUGHT_UP_MS);
    const idleMs = this.#idleMs;
    this.#idleMs = Math.min(LONGEST_IDLE_MS, idleMs * 2);
    return Math.max(allowedMs, idleMs);
  }
}
