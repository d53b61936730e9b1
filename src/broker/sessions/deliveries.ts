import type { MessageProperties } from '../../lib/message-properties.js';
import type {
  ProtocolLevel,
  QoS,
  ReasonCode,
  SubscribePacket,
  UnsubscribePacket,
} from '../protocol/packets.js';

/** Why a client may not have a topic filter. */
export interface SubscribeDenial {
  /** That of SUBACK of MQTT 5; before, it is 0x80. */
  readonly reasonCode: ReasonCode;
  readonly detail: string;
}

/** Where the packets for one client leave: its connection. */
export interface Outlet {
  readonly clientId: string;
  /** The user it has signed in as; empty without access rules. */
  readonly user: string;
  /** A bridge gets messages with the retain flag they were published with, and not its own. */
  readonly isBridge: boolean;
  /** With 5, packets have properties and reason codes. */
  readonly level: ProtocolLevel;
  /** QoS 1 and 2 messages that the client takes before it has acknowledged them [MQTT-3.3.4-9]; 65,535 before MQTT 5. */
  readonly receiveMaximum: number;
  /** The largest packet that the client takes [MQTT-3.1.2-24]: one that is larger is not sent. Undefined without a limit. */
  readonly maximumPacketBytes: number | undefined;
  /** True while the client does not read what it is sent. `Deliveries.writable` is called when it does again. */
  readonly isFull: boolean;
  /** By the access rules in force now; `topic` is a topic name. */
  mayReceive(topic: string): boolean;
  /** Why the client may not have this topic filter, by the rules in force now; undefined when it may. Its syntax is checked. */
  subscribeDenial(filter: string): SubscribeDenial | undefined;
  /**
   * Sends a whole packet, or several, in order with everything else that is written in this turn of the event loop. The
   * bytes must not change afterwards.
   */
  write(packets: Buffer): void;
  /** Sends a PUBLISH of MQTT 3.1.1; `topic` is in UTF-8. Topic and payload are copied, and the packet id is not used at QoS 0. */
  deliver(
    topic: Buffer,
    payload: Buffer,
    qos: QoS,
    packetId: number,
    isRetained: boolean,
    isDuplicate: boolean,
  ): void;
  /** Sends a whole PUBLISH. Up to 4 KiB it is copied; the bytes of a larger one must not change afterwards. */
  deliverPacket(packet: Buffer): void;
  /** Counts a subscription that was answered with SUBACK 0x80, or taken away by new rules; the connection stays open. */
  subscriptionDenied(detail: string): void;
  /** The client will be answered with `write` later: a DISCONNECT does not end its connection before `answered`. */
  answerOwed(): void;
  /** The answer is written. */
  answered(): void;
  /** Ends the connection for a fault of the client, which is counted. */
  violation(detail: string): void;
}

/** A message that was accepted. */
export interface PublishedMessage {
  readonly topic: string;
  /** A view of the socket's buffer: valid during the call. */
  readonly payload: Buffer;
  readonly qos: QoS;
  readonly isRetained: boolean;
  /** What the publisher says of it (MQTT 5). */
  readonly properties?: MessageProperties | undefined;
  /** Who has published it; undefined for what the broker publishes itself. */
  readonly publisher: Outlet | undefined;
}

export interface DeliveryCounters {
  /** Connected clients with a subscription. */
  readonly observers: number;
  readonly subscriptions: number;
  /** Durable sessions, of connected and absent clients. */
  readonly sessions: number;
  /** Messages that wait for a client, or for its acknowledgement. */
  readonly queuedMessages: number;
  readonly queuedBytes: number;
  /** Packets sent to subscribers. */
  readonly sent: number;
  /** QoS 0 messages that were not sent because the subscriber was too slow. */
  readonly skipped: number;
  /** Messages that were not sent because they had expired (MQTT 5). */
  readonly expired: number;
  /** Messages that were not sent because the client does not take packets of their size (MQTT 5). */
  readonly tooLarge: number;
  /** QoS 1 and 2 messages that a full queue has lost: the oldest goes first. */
  readonly dropped: number;
}

/** What a client asks for its session. */
export interface SessionStart {
  /** An earlier session ends. */
  readonly isCleanStart: boolean;
  /** How long the session is kept after the connection; 0: it ends with it; NO_SESSION_EXPIRY: as long as is configured. */
  readonly expirySeconds: number;
}

/** Deliveries brings accepted messages to the clients that have subscribed, and keeps their sessions. */
export interface Deliveries {
  /** False while nobody has a subscription: then `publish` need not be called. */
  readonly isNeeded: boolean;
  /** Call it for each accepted message, in the tick in which the intake has taken it. */
  publish(message: PublishedMessage): void;
  /**
   * Takes the session of the client, or makes a new one. `isPresent`: it is to be said in CONNACK [MQTT-3.2.2-2]. Call it when the
   * client is granted access, before the CONNACK, and after `detach` of the connection that had the client id.
   */
  attach(
    outlet: Outlet,
    start: SessionStart,
  ): { readonly isPresent: boolean; readonly expirySeconds: number };
  /** The CONNACK is written: what waits for the client may be sent. */
  begin(outlet: Outlet): void;
  /** The connection is closed; from now on the session is kept for so long, at most as long as is configured. */
  detach(outlet: Outlet, end: { readonly expirySeconds: number }): void;
  /** Answers with SUBACK, then the retained messages. The syntax of the filters is checked. */
  subscribe(outlet: Outlet, packet: SubscribePacket): void;
  /** Answers with UNSUBACK. */
  unsubscribe(outlet: Outlet, packet: UnsubscribePacket): void;
  /**
   * The rules have changed: takes away what the client may no longer have, counts each with `subscriptionDenied`, and returns
   * those topic filters.
   */
  judgeAgain(outlet: Outlet): readonly string[];
  /** The topic filters of the client. */
  filtersOf(outlet: Outlet): readonly string[];
  puback(outlet: Outlet, packetId: number): void;
  /** With a `reasonCode` of 0x80 or more the client has refused the message, and is done with it [MQTT-4.4.0-2]. */
  pubrec(outlet: Outlet, packetId: number, reasonCode: number): void;
  pubcomp(outlet: Outlet, packetId: number): void;
  /** The client reads again. */
  writable(outlet: Outlet): void;
  counters(): DeliveryCounters;
}
