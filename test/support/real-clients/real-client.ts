import type { QoS } from '../../../src/broker/protocol/packets.js';

/** What a client connects over. */
export type Transport = 'tcp' | 'tls' | 'ws' | 'wss';

export interface RealClientOptions {
  readonly port: number;
  readonly clientId: string;
  /** 4, MQTT 3.1.1, unless it is told otherwise. */
  readonly version?: 4 | 5;
  /** The certificate of the CA, for `tls` and `wss`. */
  readonly caFile?: string;
  /** Clean start of MQTT 5. */
  readonly isCleanSession?: boolean;
  readonly keepAliveSeconds?: number;
  readonly userName?: string;
  readonly password?: string;
  readonly will?: ClientWill;
  /** Only with version 5. */
  readonly sessionExpirySeconds?: number;
  /** Only with version 5. */
  readonly receiveMaximum?: number;
}

export interface ClientMessage {
  /** Empty with a topic alias that the broker knows. */
  readonly topic: string;
  readonly payload: string;
  readonly qos: QoS;
  readonly isRetained: boolean;
  /** Only with version 5; absent where there are none. */
  readonly properties?: ClientProperties;
  /** Only with version 5, and only of a message to publish. */
  readonly topicAlias?: number;
}

/** The properties of a message that clients are tested with. */
export interface ClientProperties {
  readonly contentType?: string;
  /** No name twice: not every client shows both. */
  readonly userProperties?: Readonly<Record<string, string>>;
}

export interface ClientWill extends ClientMessage {
  /** Only with version 5. */
  readonly delaySeconds?: number;
}

/** A client that people use, with one face for all of them. */
export interface RealClient {
  /** Whether CONNACK said that there was a session; undefined where the client does not tell. Rejects when it is refused. */
  connect(options: RealClientOptions): Promise<boolean | undefined>;
  /** Resolves with the granted QoS, or 128; with version 5 a reason code from 128 on. */
  subscribe(filter: string, qos: QoS): Promise<number>;
  /**
   * Resolves when it is acknowledged as its QoS asks: with the reason code of PUBACK or PUBREC, or undefined where there is none
   * or the client does not tell.
   */
  publish(message: ClientMessage): Promise<number | undefined>;
  /** The next message that it has received. */
  next(): Promise<ClientMessage>;
  /** With DISCONNECT. It can connect again. */
  disconnect(): Promise<void>;
  /** Ends the connection without DISCONNECT. */
  cut(): Promise<void>;
}

/** Messages in the order of their arrival, each handed out once. */
export class Inbox {
  readonly #messages: ClientMessage[] = [];
  readonly #waiting: ((message: ClientMessage) => void)[] = [];

  add(message: ClientMessage): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#messages.push(message);
    else waiting(message);
  }

  next(): Promise<ClientMessage> {
    const message = this.#messages.shift();
    if (message !== undefined) return Promise.resolve(message);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
