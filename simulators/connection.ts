import { connect, ErrorWithReasonCode, type IClientOptions, type MqttClient } from 'mqtt';
import type { RunClock } from './clock.js';
import type { Publication } from './lane.js';
import type { Qos } from './options.js';
import type { Tally } from './tally.js';

const FIRST_BACK_OFF_MS = 200;
const MOST_BACK_OFF_MS = 5000;
const KEEPALIVE_SECONDS = 30;
const CLOSE_TIMEOUT_MS = 2000;
/** CONNACK 3, MQTT 3.1.1 section 3.2.2.3: the only rejection that may be temporary. */
const SERVER_UNAVAILABLE = 3;

export interface ConnectionWatcher {
  /** Called when the connection can publish again: a slot became free, or it is connected (again). */
  onRoom(): void;
  /** Called when a message was acknowledged. */
  onAcknowledged(): void;
}

export interface ConnectionOptions {
  readonly url: string;
  readonly clientId: string;
  readonly qos: Qos;
  readonly inFlight: number;
  readonly connectTimeoutMs: number;
  readonly username?: string;
  readonly password?: string;
}

/**
 * One MQTT connection that publishes and reconnects automatically.
 * 1. At most `inFlight` messages are without acknowledgement.
 * 2. Nothing is published while it is down or resending: MQTT.js would queue the message and fail it when the
 *    connection drops again meanwhile (mqtt 5.16.0, `_flushStoreProcessingQueue`). MQTT.js resends unacknowledged
 *    messages from its own store, and emits `connect` only after that (`_onConnect`).
 */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #tally: Tally;
  readonly #clock: RunClock;
  readonly #watcher: ConnectionWatcher;
  #client: MqttClient | undefined;
  #ready = false;
  #waiting = 0;
  /** Counts lost connections: an interrupted QoS 0 write must not free a slot of the next connection. */
  #epoch = 0;
  #lastError = 'no answer';

  constructor(options: ConnectionOptions, tally: Tally, clock: RunClock, watcher: ConnectionWatcher) {
    this.#options = options;
    this.#tally = tally;
    this.#clock = clock;
    this.#watcher = watcher;
  }

  get hasRoom(): boolean {
    return this.#ready && this.#waiting < this.#options.inFlight;
  }

  get ready(): boolean {
    return this.#ready;
  }

  /** The last error, for the message when the broker is never reached. */
  get lastError(): string {
    return this.#lastError;
  }

  /** Resolves once connected, however long that takes; rejects when the broker rejects the client permanently. */
  open(): Promise<void> {
    const client = connect(this.#options.url, this.#clientOptions());
    this.#client = client;
    return new Promise((resolve, reject) => {
      let wasConnected = false;
      client.on('connect', () => {
        client.options.reconnectPeriod = backOffMs(FIRST_BACK_OFF_MS);
        if (wasConnected) this.#tally.reconnects++;
        wasConnected = true;
        this.#ready = true;
        resolve();
        this.#watcher.onRoom();
      });
      client.on('reconnect', () => {
        client.options.reconnectPeriod = backOffMs(
          Math.min(MOST_BACK_OFF_MS, 2 * (client.options.reconnectPeriod ?? FIRST_BACK_OFF_MS)),
        );
      });
      client.on('close', () => {
        this.#ready = false;
        this.#epoch++;
        if (this.#options.qos === 0) this.#waiting = 0;
      });
      // After the first connect, a close and another attempt follow every error, and the reconnects are counted.
      client.on('error', (error) => {
        this.#lastError = connectErrorText(error);
        const isPermanent = error instanceof ErrorWithReasonCode && error.code !== SERVER_UNAVAILABLE;
        if (isPermanent && !wasConnected) reject(error);
      });
    });
  }

  /** Publishes one message. The caller checks `hasRoom` first. */
  publish({ topic, payload }: Publication): void {
    const { qos } = this.#options;
    const epoch = this.#epoch;
    const sentAtMs = this.#clock.monotonicMs();
    this.#waiting++;
    this.#tally.published++;
    if (qos === 0) this.#tally.unconfirmed++;
    this.#client?.publish(topic, payload, { qos }, (error) => {
      if (qos === 0) {
        if (epoch === this.#epoch) this.#freeSlot();
        return;
      }
      this.#freeSlot();
      // After an error the message stays unacknowledged.
      if (error) return;
      this.#tally.acknowledged++;
      this.#tally.latency.add(this.#clock.monotonicMs() - sentAtMs);
      this.#watcher.onAcknowledged();
    });
  }

  #freeSlot(): void {
    const wasFull = this.#waiting >= this.#options.inFlight;
    this.#waiting--;
    if (wasFull) this.#watcher.onRoom();
  }

  /** Closes the socket without a DISCONNECT, as a lost network does. */
  cut(): void {
    this.#client?.stream.destroy();
  }

  /** Disconnects when nothing is outstanding, otherwise closes the socket. Never rejects, never hangs. */
  async close(): Promise<void> {
    const client = this.#client;
    if (!client) return;
    const force = !this.#ready || (this.#options.qos > 0 && this.#waiting > 0);
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        client.stream.destroy();
        resolve();
      }, CLOSE_TIMEOUT_MS);
    });
    // If closing fails or takes too long, the socket is destroyed.
    await Promise.race([client.endAsync(force).catch(() => client.stream.destroy()), timeout]);
    clearTimeout(timer);
  }

  #clientOptions(): IClientOptions {
    const { clientId, connectTimeoutMs, username, password } = this.#options;
    return {
      clientId,
      clean: true,
      keepalive: KEEPALIVE_SECONDS,
      reconnectPeriod: backOffMs(FIRST_BACK_OFF_MS),
      reconnectOnConnackError: true,
      connectTimeout: connectTimeoutMs,
      queueQoSZero: false,
      resubscribe: false,
      username,
      password,
    };
  }
}

/** Adds jitter, so that a fleet does not reconnect all at once. */
function backOffMs(ms: number): number {
  return Math.round(ms * (0.75 + 0.25 * Math.random()));
}

/** A failed connect to a name with several addresses has an empty message; the reasons are inside. */
function connectErrorText(error: Error): string {
  if (error instanceof AggregateError && error.errors.length > 0) {
    return error.errors.map((one: unknown) => (one instanceof Error ? one.message : String(one))).join('; ');
  }
  return error.message;
}
