import { keepProperties } from '../../src/broker/protocol/kept-properties.js';
import type { QoS } from '../../src/broker/protocol/packets.js';
import type { RetainedMessage, RetainedMessages } from '../../src/broker/retained/retained-messages.js';
import type { MessageProperties } from '../../src/lib/message-properties.js';

/** Retained messages without bounds. A filter is a topic, `#`, or a prefix with `/#`. */
export class FakeRetained implements RetainedMessages {
  readonly #messages = new Map<string, RetainedMessage>();

  set(topic: string, payload: Buffer, qos: QoS, properties?: MessageProperties, nowMs = 0): void {
    if (payload.length === 0) {
      this.#messages.delete(topic);
      return;
    }
    // Of its own, as in the real one: a part of Node's pool would keep all 8 KiB of it.
    const kept = Buffer.allocUnsafeSlow(payload.length);
    kept.set(payload);
    this.#messages.set(topic, { topic, payload: kept, qos, properties: keepProperties(properties, nowMs) });
  }

  *matching(filter: string): Iterable<RetainedMessage> {
    for (const message of this.#messages.values()) {
      const { topic } = message;
      if (filter === '#' || topic === filter || topic.startsWith(filter.replace(/#$/, ' ').trimEnd()))
        if (filter.endsWith('#') || topic === filter) yield message;
    }
  }

  counters() {
    return { messages: this.#messages.size, bytes: 0, refused: 0, expired: 0 };
  }
}
