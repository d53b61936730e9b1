import { encodeDelivery5 } from '../protocol/encode-delivery-5.js';
import { type KeptProperties, publishProperties } from '../protocol/kept-properties.js';
import type { QoS } from '../protocol/packets.js';
import { countedBytesOf } from './owed-message.js';

/** A message that is sent to clients of MQTT 5 while it is published: what many of them get is encoded once. */
export class LiveMessage5 {
  readonly #topic: Buffer;
  readonly #payload: Buffer;
  readonly #kept: KeptProperties | undefined;
  readonly #nowMs: () => number;
  #properties: Buffer | undefined;
  /** At QoS 0, for subscriptions without an identifier: without and with the retain flag. */
  readonly #shared: [Buffer | undefined, Buffer | undefined] = [undefined, undefined];

  constructor(topic: Buffer, payload: Buffer, kept: KeptProperties | undefined, nowMs: () => number) {
    this.#topic = topic;
    this.#payload = payload;
    this.#kept = kept;
    this.#nowMs = nowMs;
  }

  /** What it counts for in the bounds while it waits. */
  get countedBytes(): number {
    return countedBytesOf(this.#topic, this.#payload, this.#kept?.bytes.length);
  }

  /** ms since 1970; 0 when it does not expire. */
  get expiresAtMs(): number {
    return this.#kept?.expiresAtMs ?? 0;
  }

  /** The whole PUBLISH. */
  packet(
    qos: QoS,
    packetId: number,
    isRetained: boolean,
    identifiers: readonly number[] | undefined,
  ): Buffer {
    if (qos > 0 || identifiers !== undefined) return this.#encode(qos, packetId, isRetained, identifiers);
    const flag = isRetained ? 1 : 0;
    const packet = this.#shared[flag] ?? this.#encode(0, 0, isRetained, undefined);
    this.#shared[flag] = packet;
    return packet;
  }

  #encode(
    qos: QoS,
    packetId: number,
    isRetained: boolean,
    identifiers: readonly number[] | undefined,
  ): Buffer {
    return encodeDelivery5({
      topic: this.#topic,
      payload: this.#payload,
      qos,
      packetId,
      isRetained,
      isDuplicate: false,
      properties: this.#propertiesWith(identifiers),
    });
  }

  #propertiesWith(identifiers: readonly number[] | undefined): Buffer {
    if (identifiers !== undefined) return publishProperties(this.#kept, this.#nowMs, identifiers);
    this.#properties ??= publishProperties(this.#kept, this.#nowMs, undefined);
    return this.#properties;
  }
}
