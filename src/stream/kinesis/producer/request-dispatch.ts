import { backOffMs } from '../../../lib/back-off.js';
import type { Clock } from '../../../lib/clock.js';
import type { Schedule } from '../../../lib/timers.js';
import type { StreamRejection } from '../../stream.js';
import type { KinesisApi, PutResult } from '../kinesis-api.js';
import { DueQueue } from './dispatch-queues.js';
import { outcomesOf, type Retry, requestFailure } from './outcome.js';
import type { UserRecord } from './packing.js';
import type { PartitionQueue } from './partition-queue.js';
import { type ProducerTotals, PUT_UNIT_BYTES } from './producer-counters.js';
import type { ProducerHealth } from './producer-health.js';
import { MAX_REQUEST_ENTRIES, ReadyQueues } from './ready-queues.js';
import { RECORD_BACK_OFF, RequestPace } from './request-pace.js';

export interface RequestDispatchDeps {
  readonly api: Pick<KinesisApi, 'putRecords'>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly schedule: Schedule;
  readonly maxConcurrentRequests: number;
  readonly health: ProducerHealth;
  readonly totals: ProducerTotals;
  /** Called with the outcome of each user record: stored, or rejected. */
  readonly complete: (userRecord: UserRecord, rejection?: StreamRejection) => void;
  /** Called when the queue is empty. */
  readonly onEmpty: (queue: PartitionQueue) => void;
}

/** While requests are in flight, how long a ready queue waits for others that share the next request. */
const GATHER_MS = 10;

/**
 * RequestDispatch puts the heads of queues into PutRecords calls and returns the outcome of each to its queue. A queue is
 * always in one state: gathering (in the due queue while it waits for more records), ready, in flight, or backing off
 * (in the due queue).
 */
export class RequestDispatch {
  readonly #deps: RequestDispatchDeps;
  readonly #ready = new ReadyQueues();
  readonly #due = new DueQueue<PartitionQueue>();
  readonly #pace: RequestPace;
  #inFlight = 0;
  #isUrgent = false;
  #isRunDue = false;
  #isClosed = false;
  #timerAtMs = Number.POSITIVE_INFINITY;
  #cancelTimer: () => void = () => undefined;

  constructor(deps: RequestDispatchDeps) {
    this.#deps = deps;
    this.#pace = new RequestPace(deps.maxConcurrentRequests, deps.random);
  }

  /** Returns the number of requests in flight. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** A user record was added to the queue, or made due: gives it a head when one is due, or schedules it for later. */
  lookAt(queue: PartitionQueue, nowMs: number): void {
    if (queue.state !== 'gathering') return;
    const dueMs = queue.takeDue(nowMs);
    if (queue.state !== 'gathering') this.#enqueue(queue);
    else if (dueMs === undefined) this.#deps.onEmpty(queue);
    else if (dueMs !== queue.wakeAtMs) this.#wakeAt(queue, dueMs);
  }

  /** Sends what is ready without waiting for other queues. */
  sendReady(): void {
    this.#isUrgent = true;
    this.#runSoon();
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelTimer();
    this.#ready.clear();
    this.#due.clear();
  }

  #enqueue(queue: PartitionQueue): void {
    this.#ready.push(queue);
    this.#runSoon();
  }

  #wakeAt(queue: PartitionQueue, atMs: number): void {
    queue.wakeAtMs = atMs;
    this.#due.push(atMs, queue);
    if (atMs < this.#timerAtMs) this.#runSoon();
  }

  /** Runs once for everything that happens now, so that records sent together share aggregates and requests. */
  #runSoon(): void {
    if (this.#isRunDue) return;
    this.#isRunDue = true;
    queueMicrotask(() => this.#run());
  }

  #run(): void {
    this.#isRunDue = false;
    if (this.#isClosed) return;
    const nowMs = this.#deps.clock.monotonicMs();
    for (let queue = this.#due.takeDue(nowMs); queue !== undefined; queue = this.#due.takeDue(nowMs)) {
      this.#wake(queue, nowMs);
    }
    const requestAtMs = this.#startRequests(nowMs);
    this.#setTimer(Math.min(requestAtMs, this.#due.nextAtMs ?? Number.POSITIVE_INFINITY), nowMs);
  }

  #wake(queue: PartitionQueue, nowMs: number): void {
    // Only the last time for which a queue was scheduled counts.
    if (queue.wakeAtMs === undefined || queue.wakeAtMs > nowMs) return;
    queue.wakeAtMs = undefined;
    if (queue.state === 'backing-off') {
      queue.makeReady(nowMs);
      this.#enqueue(queue);
    } else {
      this.lookAt(queue, nowMs);
    }
  }

  /** Starts all requests that may start now. Returns when the next one may, as far as that depends on the clock alone. */
  #startRequests(nowMs: number): number {
    while (!this.#ready.isEmpty) {
      const paceAtMs = this.#pace.nextAtMs(this.#inFlight);
      if (paceAtMs === undefined) return Number.POSITIVE_INFINITY;
      const atMs = Math.max(paceAtMs, this.#gatheredAtMs());
      if (atMs > nowMs) return atMs;
      void this.#put(this.#ready.take(this.#pace.isProbing ? 1 : MAX_REQUEST_ENTRIES));
    }
    this.#isUrgent = false;
    return Number.POSITIVE_INFINITY;
  }

  #gatheredAtMs(): number {
    const isEnough = this.#isUrgent || this.#inFlight === 0 || this.#ready.isFull || this.#ready.hasSeparate;
    return isEnough ? Number.NEGATIVE_INFINITY : this.#ready.oldestSinceMs + GATHER_MS;
  }

  #setTimer(atMs: number, nowMs: number): void {
    if (atMs === this.#timerAtMs) return;
    this.#cancelTimer();
    this.#timerAtMs = atMs;
    if (atMs === Number.POSITIVE_INFINITY) return;
    this.#cancelTimer = this.#deps.schedule(Math.max(0, Math.ceil(atMs - nowMs)), () => {
      this.#timerAtMs = Number.POSITIVE_INFINITY;
      this.#run();
    });
  }

  async #put(queues: readonly PartitionQueue[]): Promise<void> {
    const wasProbe = this.#pace.isProbing;
    this.#inFlight += 1;
    this.#deps.totals.requests += 1;
    for (const queue of queues) {
      if (queue.failures > 0) this.#deps.totals.retried += 1;
      queue.markSent();
    }
    let results: readonly PutResult[];
    try {
      results = await this.#deps.api.putRecords(queues.map((queue) => queue.head.entry));
    } catch (thrown) {
      this.#inFlight -= 1;
      if (!this.#isClosed) this.#failed(queues, thrown, wasProbe);
      return;
    }
    this.#inFlight -= 1;
    if (!this.#isClosed) this.#answered(queues, results);
  }

  #answered(queues: readonly PartitionQueue[], results: readonly PutResult[]): void {
    this.#streamIsUsable();
    const nowMs = this.#deps.clock.monotonicMs();
    for (const [at, outcome] of outcomesOf(results, queues.length).entries()) {
      const queue = queues[at]!;
      if (outcome === 'stored') this.#stored(queue, nowMs);
      else this.#retry(queue, outcome, nowMs);
    }
    this.#runSoon();
  }

  #failed(queues: readonly PartitionQueue[], thrown: unknown, wasProbe: boolean): void {
    const nowMs = this.#deps.clock.monotonicMs();
    const failure = requestFailure(thrown);
    switch (failure.kind) {
      case 'retry':
        this.#failedForNow(failure.retry, nowMs, wasProbe);
        for (const queue of queues) this.#retry(queue, failure.retry, nowMs);
        break;
      case 'unusable':
        this.#pace.unusable(nowMs, wasProbe);
        this.#deps.health.unusable(failure.code, failure.reason);
        for (const queue of queues) queue.makeReady(nowMs);
        this.#ready.unshift(queues);
        break;
      case 'refused':
        this.#streamIsUsable();
        this.#refused(queues, failure.reason, nowMs);
        break;
    }
    this.#runSoon();
  }

  #failedForNow(retry: Retry, nowMs: number, wasProbe: boolean): void {
    // A missing answer does not tell whether the stream can be used.
    if (this.#pace.isProbing && retry.cause === 'ambiguous') {
      this.#pace.unusable(nowMs, wasProbe);
      return;
    }
    this.#pace.congested();
    this.#deps.health.usable();
  }

  #streamIsUsable(): void {
    this.#pace.answered();
    this.#deps.health.usable();
  }

  /** Halves the request, then the aggregate, until only the user record is left that Kinesis refuses. */
  #refused(queues: readonly PartitionQueue[], reason: string, nowMs: number): void {
    if (queues.length > 1) {
      const middle = Math.ceil(queues.length / 2);
      for (const queue of queues) queue.makeReady(nowMs);
      this.#ready.pushSeparate(queues.slice(0, middle));
      this.#ready.pushSeparate(queues.slice(middle));
      return;
    }
    const queue = queues[0]!;
    const { userRecords } = queue.head;
    const isAlone = userRecords.length === 1;
    if (!isAlone) queue.halveHead();
    this.#finishHead(queue, nowMs);
    if (!isAlone) return;
    this.#deps.health.refused(reason);
    this.#deps.complete(userRecords[0]!, { code: 'stream-refused', reason });
  }

  #stored(queue: PartitionQueue, nowMs: number): void {
    const { userRecords, sizeBytes, fill } = queue.head;
    const { totals, complete } = this.#deps;
    totals.kinesisRecordsSent += 1;
    totals.recordsSent += userRecords.length;
    totals.bytesSent += sizeBytes;
    totals.putUnits += Math.ceil(sizeBytes / PUT_UNIT_BYTES);
    totals.aggregateFill += fill;
    this.#finishHead(queue, nowMs);
    for (const userRecord of userRecords) complete(userRecord);
  }

  #retry(queue: PartitionQueue, retry: Retry, nowMs: number): void {
    const { totals, health, random } = this.#deps;
    if (retry.cause === 'throttled') totals.throttled += 1;
    if (retry.cause === 'ambiguous') totals.ambiguous += 1;
    health.failed(retry);
    if (queue.failures === 0) health.queueFails();
    queue.backOff();
    this.#wakeAt(queue, nowMs + backOffMs(queue.failures, RECORD_BACK_OFF, random));
  }

  /** The outcome of the head is known, or its halves replace it. */
  #finishHead(queue: PartitionQueue, nowMs: number): void {
    if (queue.failures > 0) this.#deps.health.queueRecovered();
    queue.finishHead(nowMs);
    if (queue.state === 'ready') this.#enqueue(queue);
    else this.lookAt(queue, nowMs);
  }
}
