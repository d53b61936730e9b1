/** The packets of MQTT 3.1 and 3.1.1 that a client sends and that are decoded to an object. A PUBLISH is not: see PublishGate. */

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
} as const;

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
}

export interface ConnectPacket {
  /** 3: MQTT 3.1, 4: MQTT 3.1.1. */
  readonly level: 3 | 4;
  /** Mosquitto's bridges set the highest bit of the level: they keep the retain flag, and are not sent their own messages. */
  readonly isBridge: boolean;
  readonly isCleanSession: boolean;
  readonly keepAliveSeconds: number;
  /** Empty when the client leaves it to the broker. */
  readonly clientId: string;
  readonly userName: string | undefined;
  readonly password: Buffer | undefined;
  readonly will: Will | undefined;
}

export interface Subscription {
  readonly filter: string;
  readonly qos: QoS;
}

export interface SubscribePacket {
  readonly packetId: number;
  /** At least one [MQTT-3.8.3-3], in the order of the packet. */
  readonly subscriptions: readonly Subscription[];
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

  constructor(detail: string, returnCode = 0) {
    this.detail = detail;
    this.returnCode = returnCode;
  }
}
