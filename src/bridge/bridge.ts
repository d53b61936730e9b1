import type { AcceptedPacket, Intake } from '../broker/intake.js';
import type { Clock } from '../lib/clock.js';
import type { RecordTrace } from '../stream/record-trace.js';
import type { StreamWriter } from '../stream/stream.js';

export interface BridgeOptions {
  /** Bytes of all clients together that may wait to become durable. */
  readonly maxInFlightBytes: number;
}

export interface BridgeDeps {
  readonly stream: StreamWriter;
  readonly clock: Clock;
  /** Receive time of the newest record in the log; 0 when it has none. */
  readonly lastReceivedAtNs: bigint;
  /** Absent: no record is followed. */
  readonly trace?: RecordTrace;
}

/**
 * Makes a record of each packet. The receive time is strictly increasing, also over restarts and when the
 * machine's clock steps back, because it is the record's identity and can be its point's timestamp.
 */
export class Bridge implements Intake {
  readonly #options: BridgeOptions;
  readonly #stream: StreamWriter;
  readonly #clock: Clock;
  readonly #trace: RecordTrace | undefined;
  #lastReceivedAtNs: bigint;

  constructor(options: BridgeOptions, deps: BridgeDeps) {
    this.#options = options;
    this.#stream = deps.stream;
    this.#clock = deps.clock;
    this.#lastReceivedAtNs = deps.lastReceivedAtNs;
    this.#trace = deps.trace;
  }

  accept(packet: AcceptedPacket, stored: () => void): 'taken' | 'shed' {
    // QoS 0 promises nothing, and keeping it would only fill the sockets of clients that publish with QoS 1 or 2.
    if (packet.qos === 0 && this.#stream.isBlocked) return 'shed';
    const nowNs = this.#clock.nowNs();
    this.#lastReceivedAtNs = nowNs > this.#lastReceivedAtNs ? nowNs : this.#lastReceivedAtNs + 1n;
    this.#stream.append(
      {
        receivedAtNs: this.#lastReceivedAtNs,
        topic: packet.topic,
        clientId: packet.clientId,
        qos: packet.qos,
        payload: packet.payload,
      },
      this.#trace === undefined ? stored : this.#withSpan(this.#trace, this.#lastReceivedAtNs, stored),
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
