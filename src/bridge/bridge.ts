import type { AcceptedPacket, Intake } from '../broker/intake.js';
import type { Clock } from '../lib/clock.js';
import type { RecordTrace } from '../stream/record-trace.js';
import type { StreamWriter } from '../stream/stream.js';
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

/** Makes a record of each packet. Its receive time is its identity and can be its point's timestamp. */
export class Bridge implements Intake {
  readonly #options: BridgeOptions;
  readonly #stream: StreamWriter;
  readonly #clock: Clock;
  readonly #trace: RecordTrace | undefined;
  readonly #receiveTimes: BridgeDeps['receiveTimes'];

  constructor(options: BridgeOptions, deps: BridgeDeps) {
    this.#options = options;
    this.#stream = deps.stream;
    this.#clock = deps.clock;
    this.#receiveTimes = deps.receiveTimes;
    this.#trace = deps.trace;
  }

  accept(packet: AcceptedPacket, stored: () => void): 'taken' | 'shed' {
    // QoS 0 promises nothing, and keeping it would only fill the sockets of clients that publish with QoS 1 or 2.
    if (packet.qos === 0 && this.#stream.isBlocked) return 'shed';
    const receivedAtNs = this.#receiveTimes.next(this.#clock.nowNs());
    this.#stream.append(
      {
        receivedAtNs,
        topic: packet.topic,
        clientId: packet.clientId,
        qos: packet.qos,
        payload: packet.payload,
      },
      this.#trace === undefined ? stored : this.#withSpan(this.#trace, receivedAtNs, stored),
    );
    return 'taken';
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
