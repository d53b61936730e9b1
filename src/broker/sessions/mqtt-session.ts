import { NO_SESSION_EXPIRY } from '../protocol/packets.js';
import type { Outlet } from './deliveries.js';
import type { KeptMessage, OwedMessage } from './owed-message.js';
import { OwedQueue } from './owed-queue.js';
import { PacketQueue } from './packet-queue.js';
import type { RoutedSubscription } from './subscription-router.js';

/**
 * Messages that a client may have without an acknowledgement, and PUBRELs without PUBCOMP. The rest waits, because what is
 * in flight cannot be dropped. Mosquitto's default is 20; more of them hide the way to a client that is far away.
 */
export const MAX_IN_FLIGHT = 100;

/** With so many bytes in flight that must be kept for sending again, no more is sent: a hundred may be large. */
export const MAX_IN_FLIGHT_BYTES = 1024 * 1024;

const MAX_PACKET_ID = 0xffff;

export type Subscription = RoutedSubscription<MqttSession> & {
  /** The retained messages of the filter are not all sent yet. */
  isRetainedOwed?: boolean;
};

/** A message in flight. Of a session that ends with its connection only the QoS is kept: nothing is ever sent again. */
export interface InFlight {
  readonly qos: 1 | 2;
  readonly owed: OwedMessage | undefined;
}

/** What remains of the retained messages for a subscription. */
export interface RetainedBacklog {
  readonly subscription: Subscription;
  readonly topics: readonly string[];
  next: number;
}

/** MqttSession is the session of a client as MQTT defines it: its subscriptions, and the messages that it is owed. */
export class MqttSession {
  /** The number of a durable session (clean session 0); 0 when it ends with its connection. */
  readonly id: number;
  readonly user: string;
  readonly clientId: string;
  /** The connection of the client; undefined while it is absent. */
  outlet: Outlet | undefined;
  /** CONNACK is written: messages may be sent. */
  hasBegun = false;
  isBridge: boolean;
  /** ms since 1970; 0 while the client is connected. */
  absentSinceMs = 0;
  /** How long it is kept without its client; NO_SESSION_EXPIRY: as long as is configured. */
  expirySeconds = NO_SESSION_EXPIRY;
  readonly subscriptions = new Map<string, Subscription>();
  /** What a durable session is not sent yet, in the order in which it was published. */
  readonly waiting = new OwedQueue();
  /** The same of a session that ends with its connection. */
  readonly packets = new PacketQueue();
  /** By packet id, in the order in which it was sent. */
  readonly inFlight = new Map<number, InFlight>();
  /** Bytes in flight that are kept. */
  inFlightBytes = 0;
  /** Packet ids whose PUBREC has come, and PUBCOMP has not, in the order of the PUBRECs. */
  readonly received = new Set<number>();
  /** What was in flight when the client came back, and is not sent again yet. */
  resend: OwedMessage[] = [];
  /** Subscriptions whose retained messages are not sent yet. */
  retainedOwed: Subscription[] = [];
  backlog: RetainedBacklog | undefined;
  /** The next message waits to be durable. */
  awaitsCommit = false;
  /** Retained messages go on in the next turn of the event loop. */
  isScheduled = false;
  nextPacketId = 1;

  constructor(id: number, { user, clientId, isBridge }: Pick<Outlet, 'user' | 'clientId' | 'isBridge'>) {
    this.id = id;
    this.user = user;
    this.clientId = clientId;
    this.isBridge = isBridge;
  }

  get isDurable(): boolean {
    return this.id !== 0;
  }

  /** Messages that wait for the client or for its acknowledgement. */
  get owedMessages(): number {
    return this.waitingMessages + this.inFlight.size;
  }

  /** Messages that are not sent yet. */
  get waitingMessages(): number {
    return this.isDurable ? this.waiting.length : this.packets.length;
  }

  /** What they count for in the bounds. */
  get waitingBytes(): number {
    return this.isDurable ? this.waiting.bytes : this.packets.bytes;
  }

  /** Another message may be sent. */
  get hasWindow(): boolean {
    return (
      this.inFlight.size + this.received.size < this.#maxInFlight && this.inFlightBytes < MAX_IN_FLIGHT_BYTES
    );
  }

  /** What was in flight when the client came back may be sent again: it may take less than before [MQTT-3.3.4-9]. */
  get hasResendWindow(): boolean {
    return this.inFlight.size - this.resend.length + this.received.size < this.#maxInFlight;
  }

  get #maxInFlight(): number {
    return Math.min(MAX_IN_FLIGHT, this.outlet?.receiveMaximum ?? MAX_IN_FLIGHT);
  }

  /**
   * A packet id that is not in use [MQTT-2.3.1-4]. Only one in flight can be: the queue is shorter than the ids, and was
   * numbered one after the other.
   */
  takePacketId(): number {
    let id = this.nextPacketId;
    while (this.inFlight.has(id) || this.received.has(id)) id = id === MAX_PACKET_ID ? 1 : id + 1;
    this.usedPacketId(id);
    return id;
  }

  usedPacketId(id: number): void {
    this.nextPacketId = id === MAX_PACKET_ID ? 1 : id + 1;
  }

  owedMessage(
    message: KeptMessage,
    { qos, isRetained, identifiers }: Pick<OwedMessage, 'qos' | 'isRetained' | 'identifiers'>,
    position: number,
  ): OwedMessage {
    const packetId = this.takePacketId();
    return { message, qos, packetId, isRetained, identifiers, mayBeSent: false, position };
  }
}
