import type { QoS } from '../../../src/broker/protocol/packets.js';

export interface RealClientOptions {
  readonly port: number;
  readonly clientId: string;
  readonly isCleanSession?: boolean;
  readonly keepAliveSeconds?: number;
  readonly userName?: string;
  readonly password?: string;
  readonly will?: ClientMessage;
}

export interface ClientMessage {
  readonly topic: string;
  readonly payload: string;
  readonly qos: QoS;
  readonly isRetained: boolean;
}

/** A client that people use, with one face for all of them. */
export interface RealClient {
  /** Whether CONNACK said that there was a session; undefined where the client does not tell. Rejects when it is refused. */
  connect(options: RealClientOptions): Promise<boolean | undefined>;
  /** Resolves with the granted QoS, or 128. */
  subscribe(filter: string, qos: QoS): Promise<number>;
  /** Resolves when it is acknowledged as its QoS asks. */
  publish(message: ClientMessage): Promise<void>;
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
