import type { AcceptedPacket, Intake } from '../broker/intake.js';
import type { Clock } from '../lib/clock.js';
import type { RecordTrace } from '../stream/record-trace.js';
import type { StreamRecord, StreamWriter } from '../stream/stream.js';
import type { ReceiveTimes } from './receive-times.js';

export interface BridgeOptions {
  /** Bytes of all clients together that may wait to become durable. */
  readonly maxInFlightBytes: number;
}

export interface BridgeDeps {
  readonly stream: StreamWriter;
  readonly clock: Clock;
  readonly receiveTimes: Pick<ReceiveTimes, 'next'>;
  /** Absent: no record is followed. */
  readonly trace?: RecordTrace;
}

/** Called with each record before it is appended; returns what is to be called once it is durable. */
export type RecordObserver = (record: StreamRecord, stored: () => void) => () => void;

/** Makes a record of each packet. Its receive time is its identity and can be its point's timestamp. */
export class Bridge implements Intake {
  readonly #options: BridgeOptions;
  readonly #stream: StreamWriter;
  readonly #clock: Clock;
  /** Adds the spans of followed records; absent: none is followed. */
  readonly #traced: RecordObserver | undefined;
  /** `#traced`, and those who watch what arrives; undefined while there is neither, so that a record costs one comparison. */
  #observed: RecordObserver | undefined;
  readonly #receiveTimes: BridgeDeps['receiveTimes'];

  constructor(options: BridgeOptions, deps: BridgeDeps) {
    this.#options = options;
    this.#stream = deps.stream;
    this.#clock = deps.clock;
    this.#receiveTimes = deps.receiveTimes;
    const { trace } = deps;
    this.#traced = trace && ((record, stored) => this.#withSpan(trace, record.receivedAtNs, stored));
    this.#observed = this.#traced;
  }

  accept(packet: AcceptedPacket, stored: () => void): 'taken' | 'shed' {
    // QoS 0 promises nothing, and keeping it would only fill the sockets of clients that publish with QoS 1 or 2.
    if (packet.qos === 0 && this.#stream.isBlocked) return 'shed';
    const receivedAtNs = this.#receiveTimes.next(this.#clock.nowNs());
    const record = {
      receivedAtNs,
      topic: packet.topic,
      clientId: packet.clientId,
      user: packet.user,
      qos: packet.qos,
      payload: packet.payload,
      refused: packet.refused,
      properties: packet.properties,
    };
    this.#stream.append(record, this.#observed === undefined ? stored : this.#observed(record, stored));
    return 'taken';
  }

  /** Shows each record to `observer`, until it is called with undefined. */
  observe(observer: RecordObserver | undefined): void {
    const traced = this.#traced;
    this.#observed =
      observer === undefined || traced === undefined
        ? (observer ?? traced)
        : (record, stored) => observer(record, traced(record, stored));
  }

  #withSpan(trace: RecordTrace, receivedAtNs: bigint, stored: () => void): () => void {
    if (!trace.isFollowed(receivedAtNs)) return stored;
    const startNs = this.#clock.nowNs();
    return () => {
      trace.add({ name: 'receive', receivedAtNs, startNs, endNs: this.#clock.nowNs() });
      stored();
    };
  }

  afterAccepted(reached: () => void): void {
    this.#stream.afterPending(reached);
  }

  hasRoom(): boolean {
    return this.#stream.pendingBytes < this.#options.maxInFlightBytes;
  }
}
