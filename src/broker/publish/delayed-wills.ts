import { encodeMessageProperties } from '../../lib/message-properties.js';
import type { Schedule } from '../../lib/timers.js';
import type { Connection } from '../connection/connection.js';
import type { Will } from '../protocol/packets.js';
import { sessionKey } from './session-key.js';

/** Wills that wait, and the bytes of their topics, payloads and properties; over it, the oldest is published before its time. */
const MAX_WAITING = 10_000;
const MAX_WAITING_BYTES = 16 * 1024 * 1024;

/** Node fires a timer of more than 24.8 days at once. */
const MAX_DELAY_SECONDS = 24 * 24 * 60 * 60;

interface Waiting {
  readonly connection: Connection;
  readonly will: Will;
  readonly bytes: number;
  readonly stopTimer: () => void;
}

/**
 * DelayedWills keeps wills whose delay has begun (MQTT 5 section 3.1.3.2.2). They are in memory: the end of the process is the
 * end of the network connections, and a client that connects again to the next one has a will of its own.
 */
export class DelayedWills {
  readonly #schedule: Schedule;
  readonly #publish: (connection: Connection, will: Will) => void;
  readonly #waiting = new Map<string, Waiting>();
  #bytes = 0;

  constructor(schedule: Schedule, publish: (connection: Connection, will: Will) => void) {
    this.#schedule = schedule;
    this.#publish = publish;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** The connection is gone. The will is published at once when it has no delay, and not later than the session ends [MQTT-3.1.2-8]. */
  add(connection: Connection, will: Will): void {
    const delaySeconds = Math.min(will.delaySeconds, connection.sessionExpirySeconds, MAX_DELAY_SECONDS);
    if (delaySeconds === 0) {
      this.#publish(connection, will);
      return;
    }
    const key = sessionKey(connection);
    this.#publishNow(key);
    const stopTimer = this.#schedule(delaySeconds * 1000, () => this.#publishNow(key));
    const bytes = bytesOf(will);
    // Of the connection only who it was is still needed.
    connection.mqtt5 = undefined;
    connection.lastTopic = undefined;
    this.#waiting.set(key, { connection, will, bytes, stopTimer });
    this.#bytes += bytes;
    for (const oldest of this.#waiting.keys()) {
      if (this.#waiting.size <= MAX_WAITING && this.#bytes <= MAX_WAITING_BYTES) return;
      this.#publishNow(oldest);
    }
  }

  /**
   * The client is back. When it goes on with its session, the will is not published [MQTT-3.1.3-9]; a clean start ends that
   * session, and publishes it.
   */
  connected(connection: Connection): void {
    const key = sessionKey(connection);
    if (connection.isCleanStart) {
      this.#publishNow(key);
      return;
    }
    this.#take(key);
  }

  /** None is published any more. */
  close(): void {
    for (const key of [...this.#waiting.keys()]) this.#take(key);
  }

  #publishNow(key: string): void {
    const waiting = this.#take(key);
    if (waiting !== undefined) this.#publish(waiting.connection, waiting.will);
  }

  #take(key: string): Waiting | undefined {
    const waiting = this.#waiting.get(key);
    if (waiting === undefined) return undefined;
    waiting.stopTimer();
    this.#waiting.delete(key);
    this.#bytes -= waiting.bytes;
    return waiting;
  }
}

function bytesOf({ topic, payload, properties }: Will): number {
  const propertiesBytes = properties === undefined ? 0 : encodeMessageProperties(properties).length;
  return topic.length + payload.length + propertiesBytes;
}
