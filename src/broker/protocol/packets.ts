/** The packets of MQTT 3.1, 3.1.1 and 5 that a client sends and that are decoded to an object. A PUBLISH is not: see PublishGate. */
import type { MessageProperties } from '../../lib/message-properties.js';

export type QoS = 0 | 1 | 2;

/** The types of control packets, the upper four bits of the first byte (MQTT 3.1.1 section 2.2.1). */
export const PACKET_TYPES = {
  connect: 1,
  connack: 2,
  publish: 3,
  puback: 4,
  pubrec: 5,
  pubrel: 6,
  pubcomp: 7,
  subscribe: 8,
  suback: 9,
  unsubscribe: 10,
  unsuback: 11,
  pingreq: 12,
  pingresp: 13,
  disconnect: 14,
  /** Only in MQTT 5. */
  auth: 15,
} as const;

/** 3: MQTT 3.1, 4: MQTT 3.1.1, 5: MQTT 5. */
export type ProtocolLevel = 3 | 4 | 5;

/** Reason codes of MQTT 5 (section 2.4), as far as they are sent or understood here. */
export const REASON_CODES = {
  success: 0x00,
  disconnectWithWill: 0x04,
  noSubscriptionExisted: 0x11,
  unspecifiedError: 0x80,
  malformedPacket: 0x81,
  protocolError: 0x82,
  implementationSpecificError: 0x83,
  unsupportedProtocolVersion: 0x84,
  clientIdentifierNotValid: 0x85,
  badUserNameOrPassword: 0x86,
  notAuthorized: 0x87,
  serverUnavailable: 0x88,
  serverBusy: 0x89,
  serverShuttingDown: 0x8b,
  badAuthenticationMethod: 0x8c,
  keepAliveTimeout: 0x8d,
  sessionTakenOver: 0x8e,
  topicFilterInvalid: 0x8f,
  topicNameInvalid: 0x90,
  packetIdentifierInUse: 0x91,
  packetIdentifierNotFound: 0x92,
  receiveMaximumExceeded: 0x93,
  topicAliasInvalid: 0x94,
  packetTooLarge: 0x95,
  messageRateTooHigh: 0x96,
  quotaExceeded: 0x97,
  administrativeAction: 0x98,
  payloadFormatInvalid: 0x99,
  retainNotSupported: 0x9a,
  qosNotSupported: 0x9b,
  useAnotherServer: 0x9c,
  serverMoved: 0x9d,
  sharedSubscriptionsNotSupported: 0x9e,
  connectionRateExceeded: 0x9f,
  maximumConnectTime: 0xa0,
  subscriptionIdentifiersNotSupported: 0xa1,
  wildcardSubscriptionsNotSupported: 0xa2,
} as const;
export type ReasonCode = (typeof REASON_CODES)[keyof typeof REASON_CODES];

/** A session expiry interval that never ends (MQTT 5 section 3.1.2.11.2). */
export const NO_SESSION_EXPIRY = 0xffff_ffff;

/**
 * The first bytes, type and flags, of packets without a flag that a client may choose; PUBREL has one that MQTT reserves
 * [MQTT-3.6.1-1].
 */
export const FIRST_BYTES = {
  connect: 0x10,
  puback: 0x40,
  pubrec: 0x50,
  pubrel: 0x62,
  pubcomp: 0x70,
} as const;

export interface Will {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: QoS;
  readonly isRetained: boolean;
  /** How long after the connection has ended it is published; 0 before MQTT 5. */
  readonly delaySeconds: number;
  /** Undefined when it has none. */
  readonly properties: MessageProperties | undefined;
}

export interface ConnectPacket {
  readonly level: ProtocolLevel;
  /** Mosquitto's bridges set the highest bit of the level: they keep the retain flag, and are not sent their own messages. */
  readonly isBridge: boolean;
  /** Clean start of MQTT 5, clean session before. */
  readonly isCleanStart: boolean;
  /**
   * How long the session is kept after its connection; NO_SESSION_EXPIRY for ever. Before MQTT 5: 0 with clean session, for ever
   * without.
   */
  readonly sessionExpirySeconds: number;
  readonly keepAliveSeconds: number;
  /** Empty when the client leaves it to the broker. */
  readonly clientId: string;
  readonly userName: string | undefined;
  readonly password: Buffer | undefined;
  readonly will: Will | undefined;
  /** QoS 1 and 2 messages that the client takes before it has acknowledged them; 65,535 before MQTT 5. */
  readonly receiveMaximum: number;
  /** The largest packet that the client takes, with its fixed header; undefined without a limit. */
  readonly maximumPacketBytes: number | undefined;
  /** Topic aliases that the client takes; 0 before MQTT 5. */
  readonly topicAliasMaximum: number;
  /** False: only CONNACK, PUBLISH and DISCONNECT may have a reason string or user properties [MQTT-3.1.2-29]. */
  readonly wantsProblemInformation: boolean;
  /** Of enhanced authentication; undefined without. */
  readonly authenticationMethod: string | undefined;
}

/** When the retained messages of a filter are sent: at each SUBSCRIBE, at that of a new subscription, or never. */
export type RetainHandling = 0 | 1 | 2;

/** Options of a subscription that came with MQTT 5 (section 3.8.3.1). */
export interface SubscriptionOptions {
  /** The client is not sent what it has published itself. */
  readonly isNoLocal: boolean;
  /** Messages keep the retain flag they were published with. */
  readonly isRetainAsPublished: boolean;
  readonly retainHandling: RetainHandling;
  /** That of its SUBSCRIBE packet; undefined without. */
  readonly identifier: number | undefined;
}

export interface Subscription {
  readonly filter: string;
  readonly qos: QoS;
  /** Absent before MQTT 5: then all are off, and retained messages are sent at each SUBSCRIBE. */
  readonly options?: SubscriptionOptions;
}

export interface SubscribePacket {
  readonly packetId: number;
  /** At least one [MQTT-3.8.3-3], in the order of the packet. */
  readonly subscriptions: readonly Subscription[];
}

/** What the client says at its end. */
export interface DisconnectPacket {
  /** 0 or 4 [MQTT-3.14.2-1]: with 4 the will is published all the same. Others say what the client has found wrong. */
  readonly reasonCode: number;
  /** Replaces that of CONNECT; undefined leaves it. */
  readonly sessionExpirySeconds: number | undefined;
}

export interface UnsubscribePacket {
  readonly packetId: number;
  /** At least one [MQTT-3.10.3-2]. */
  readonly filters: readonly string[];
}

/** What is wrong with a packet that is malformed: its connection ends at once and nothing of it is stored. */
export class PacketFault {
  /** Names the clause, where there is one. */
  readonly detail: string;
  /** The CONNACK return code that MQTT gives for it; only for CONNECT, 0 when there is none and the connection just ends. */
  readonly returnCode: number;
  /** The reason code with which the connection of a client of MQTT 5 ends. */
  readonly reasonCode: ReasonCode;

  constructor(detail: string, returnCode = 0, reasonCode: ReasonCode = REASON_CODES.malformedPacket) {
    this.detail = detail;
    this.returnCode = returnCode;
    this.reasonCode = reasonCode;
  }
}
