import { backOffMs } from '../../../back-off.js';
import type { Clock } from '../../../clock.js';
import type { Schedule } from '../../../timers.js';
import type { OutletRefusal } from '../../stream.js';
import { LANE_BACK_OFF } from '../back-off.js';
import type { KinesisApi, PutResult } from '../kinesis-api.js';
import { DueQueue } from './due-queue.js';
import type { Lane } from './lane.js';
import { outcomesOf, type Retry, requestFailure } from './outcome.js';
import { type ProducerTotals, PUT_UNIT_BYTES } from './producer-counters.js';
import type { ProducerHealth } from './producer-health.js';
import { MAX_REQUEST_ENTRIES, ReadyLanes } from './ready-lanes.js';
import { RequestPace } from './request-pace.js';
import type { UserRecord } from './user-record.js';

export interface LaneDispatchDeps {
  readonly api: Pick<KinesisApi, 'putRecords'>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly schedule: Schedule;
  readonly maxConcurrentRequests: number;
  readonly health: ProducerHealth;
  readonly totals: ProducerTotals;
  /** The fate of a user record: stored, or refused. */
  readonly settle: (userRecord: UserRecord, refusal?: OutletRefusal) => void;
  /** The lane holds nothing any more. */
  readonly onEmpty: (lane: Lane) => void;
}

/** While requests are under way, how long a ready lane waits for others to share the next one. */
const GATHER_MS = 10;

/**
 * Brings the heads of lanes into PutRecords calls and takes the outcome of each back to its lane. Every lane is in
 * one place: gathering (in the due queue if it waits for company), ready, under way, or backing off (in the due queue).
 */
export class LaneDispatch {
  readonly #deps: LaneDispatchDeps;
  readonly #ready = new ReadyLanes();
  readonly #due = new DueQueue<Lane>();
  readonly #pace: RequestPace;
  #underWay = 0;
  #isUrgent = false;
  #isTurnDue = false;
  #isClosed = false;
  #timerAtMs = Number.POSITIVE_INFINITY;
  #cancelTimer: () => void = () => undefined;

  constructor(deps: LaneDispatchDeps) {
    this.#deps = deps;
    this.#pace = new RequestPace(deps.maxConcurrentRequests, deps.random);
  }

  /** Requests under way. */
  get underWay(): number {
    return this.#underWay;
  }

  /** A lane has got a user record, or is in a hurry: gives it a head when it is time, or notes when it will be. */
  lookAt(lane: Lane, nowMs: number): void {
    if (lane.state !== 'gathering') return;
    const dueMs = lane.takeDue(nowMs);
    if (lane.state !== 'gathering') this.#queue(lane);
    else if (dueMs === undefined) this.#deps.onEmpty(lane);
    else if (dueMs !== lane.wakeAtMs) this.#wakeAt(lane, dueMs);
  }

  /** What is ready does not wait for company. */
  hurry(): void {
    this.#isUrgent = true;
    this.#turnSoon();
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelTimer();
    this.#ready.clear();
    this.#due.clear();
  }

  #queue(lane: Lane): void {
    this.#ready.push(lane);
    this.#turnSoon();
  }

  #wakeAt(lane: Lane, atMs: number): void {
    lane.wakeAtMs = atMs;
    this.#due.push(atMs, lane);
    if (atMs < this.#timerAtMs) this.#turnSoon();
  }

  /** Once for all that happens now: records sent in one go share aggregates and requests. */
  #turnSoon(): void {
    if (this.#isTurnDue) return;
    this.#isTurnDue = true;
    queueMicrotask(() => this.#turn());
  }

  #turn(): void {
    this.#isTurnDue = false;
    if (this.#isClosed) return;
    const nowMs = this.#deps.clock.monotonicMs();
    for (let lane = this.#due.takeDue(nowMs); lane !== undefined; lane = this.#due.takeDue(nowMs)) {
      this.#wake(lane, nowMs);
    }
    const requestAtMs = this.#startRequests(nowMs);
    this.#setTimer(Math.min(requestAtMs, this.#due.nextAtMs ?? Number.POSITIVE_INFINITY), nowMs);
  }

  #wake(lane: Lane, nowMs: number): void {
    // Only the last time that was noted for a lane counts.
    if (lane.wakeAtMs === undefined || lane.wakeAtMs > nowMs) return;
    lane.wakeAtMs = undefined;
    if (lane.state === 'backing-off') {
      lane.makeReady(nowMs);
      this.#queue(lane);
    } else {
      this.lookAt(lane, nowMs);
    }
  }

  /** Starts all that may start now. Returns when the next one may, as far as the clock alone decides. */
  #startRequests(nowMs: number): number {
    while (!this.#ready.isEmpty) {
      const paceAtMs = this.#pace.nextAtMs(this.#underWay);
      if (paceAtMs === undefined) return Number.POSITIVE_INFINITY;
      const atMs = Math.max(paceAtMs, this.#gatheredAtMs());
      if (atMs > nowMs) return atMs;
      void this.#put(this.#ready.take(this.#pace.isProbing ? 1 : MAX_REQUEST_ENTRIES));
    }
    this.#isUrgent = false;
    return Number.POSITIVE_INFINITY;
  }

  #gatheredAtMs(): number {
    const isEnough = this.#isUrgent || this.#underWay === 0 || this.#ready.isFull || this.#ready.hasApart;
    return isEnough ? Number.NEGATIVE_INFINITY : this.#ready.oldestSinceMs + GATHER_MS;
  }

  #setTimer(atMs: number, nowMs: number): void {
    if (atMs === this.#timerAtMs) return;
    this.#cancelTimer();
    this.#timerAtMs = atMs;
    if (atMs === Number.POSITIVE_INFINITY) return;
    this.#cancelTimer = this.#deps.schedule(Math.max(0, Math.ceil(atMs - nowMs)), () => {
      this.#timerAtMs = Number.POSITIVE_INFINITY;
      this.#turn();
    });
  }

  async #put(lanes: readonly Lane[]): Promise<void> {
    const wasProbe = this.#pace.isProbing;
    this.#underWay += 1;
    this.#deps.totals.requests += 1;
    for (const lane of lanes) {
      if (lane.failures > 0) this.#deps.totals.retried += 1;
      lane.setOut();
    }
    let results: readonly PutResult[];
    try {
      results = await this.#deps.api.putRecords(lanes.map((lane) => lane.head.entry));
    } catch (thrown) {
      this.#underWay -= 1;
      if (!this.#isClosed) this.#failed(lanes, thrown, wasProbe);
      return;
    }
    this.#underWay -= 1;
    if (!this.#isClosed) this.#answered(lanes, results);
  }

  #answered(lanes: readonly Lane[], results: readonly PutResult[]): void {
    this.#isSound();
    const nowMs = this.#deps.clock.monotonicMs();
    for (const [at, outcome] of outcomesOf(results, lanes.length).entries()) {
      const lane = lanes[at]!;
      if (outcome === 'stored') this.#stored(lane, nowMs);
      else this.#retry(lane, outcome, nowMs);
    }
    this.#turnSoon();
  }

  #failed(lanes: readonly Lane[], thrown: unknown, wasProbe: boolean): void {
    const nowMs = this.#deps.clock.monotonicMs();
    const failure = requestFailure(thrown);
    switch (failure.kind) {
      case 'retry':
        this.#failedForNow(failure.retry, nowMs, wasProbe);
        for (const lane of lanes) this.#retry(lane, failure.retry, nowMs);
        break;
      case 'unusable':
        this.#pace.unusable(nowMs, wasProbe);
        this.#deps.health.unusable(failure.code, failure.words);
        for (const lane of lanes) lane.makeReady(nowMs);
        this.#ready.putBack(lanes);
        break;
      case 'refused':
        this.#isSound();
        this.#refused(lanes, failure.words, nowMs);
        break;
    }
    this.#turnSoon();
  }

  #failedForNow(retry: Retry, nowMs: number, wasProbe: boolean): void {
    // No answer says nothing of whether the stream can be used.
    if (this.#pace.isProbing && retry.cause === 'ambiguous') {
      this.#pace.unusable(nowMs, wasProbe);
      return;
    }
    this.#pace.congested();
    this.#deps.health.usable();
  }

  #isSound(): void {
    this.#pace.answered();
    this.#deps.health.usable();
  }

  /** Halves the request, then the aggregate, down to the one user record that Kinesis will not have. */
  #refused(lanes: readonly Lane[], words: string, nowMs: number): void {
    if (lanes.length > 1) {
      const middle = Math.ceil(lanes.length / 2);
      for (const lane of lanes) lane.makeReady(nowMs);
      this.#ready.pushApart(lanes.slice(0, middle));
      this.#ready.pushApart(lanes.slice(middle));
      return;
    }
    const lane = lanes[0]!;
    const { userRecords } = lane.head;
    const isAlone = userRecords.length === 1;
    if (!isAlone) lane.halveHead();
    this.#leaveHead(lane, nowMs);
    if (!isAlone) return;
    this.#deps.health.refused(words);
    this.#deps.settle(userRecords[0]!, { code: 'stream-refused', reason: words });
  }

  #stored(lane: Lane, nowMs: number): void {
    const { userRecords, sizeBytes, fill } = lane.head;
    const { totals, settle } = this.#deps;
    totals.kinesisRecordsSent += 1;
    totals.recordsSent += userRecords.length;
    totals.bytesSent += sizeBytes;
    totals.putUnits += Math.ceil(sizeBytes / PUT_UNIT_BYTES);
    totals.aggregateFill += fill;
    this.#leaveHead(lane, nowMs);
    for (const userRecord of userRecords) settle(userRecord);
  }

  #retry(lane: Lane, retry: Retry, nowMs: number): void {
    const { totals, health, random } = this.#deps;
    if (retry.cause === 'throttled') totals.throttled += 1;
    if (retry.cause === 'ambiguous') totals.ambiguous += 1;
    health.failed(retry);
    if (lane.failures === 0) health.laneFails();
    lane.backOff();
    this.#wakeAt(lane, nowMs + backOffMs(lane.failures, LANE_BACK_OFF, random));
  }

  /** The head's fate is decided, or its halves go in its place. */
  #leaveHead(lane: Lane, nowMs: number): void {
    if (lane.failures > 0) this.#deps.health.laneRecovered();
    lane.leaveHead(nowMs);
    if (lane.state === 'ready') this.#queue(lane);
    else this.lookAt(lane, nowMs);
  }
}
