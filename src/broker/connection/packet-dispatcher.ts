import {
  type AcknowledgementType,
  decodeAcknowledgement,
  decodeDisconnect,
  decodeSubscribe,
  decodeUnsubscribe,
  emptyPacketFault,
} from '../protocol/decode-packets.js';
import { PINGRESP } from '../protocol/encode-packets.js';
import {
  type DisconnectPacket,
  FIRST_BYTES,
  PACKET_TYPES,
  PacketFault,
  REASON_CODES,
} from '../protocol/packets.js';
import type { PublishGate } from '../publish/publish-gate.js';
import type { BrokerRefusal } from '../refusals.js';
import type { Deliveries } from '../sessions/deliveries.js';
import type { ConnectGate } from '../sign-in/connect-gate.js';
import { TLS_HANDSHAKE_BYTE, TLS_ON_PLAIN } from '../transport/tls-failure.js';
import type { Connection } from './connection.js';

export interface PacketDispatcherDeps {
  readonly connectGate: ConnectGate;
  readonly publishGate: PublishGate;
  readonly deliveries: Deliveries;
}

const NAMES = Object.fromEntries(Object.entries(PACKET_TYPES).map(([name, type]) => [type, name]));

/** The refusal for a malformed packet of each type. */
const FAULTS: Readonly<Record<number, BrokerRefusal>> = {
  [PACKET_TYPES.publish]: 'publish-malformed',
  [PACKET_TYPES.subscribe]: 'subscribe-malformed',
  [PACKET_TYPES.unsubscribe]: 'subscribe-malformed',
};

/** PacketDispatcher brings each packet of a client to what handles it, and ends connections that send what they must not. */
export class PacketDispatcher {
  readonly #deps: PacketDispatcherDeps;

  constructor(deps: PacketDispatcherDeps) {
    this.#deps = deps;
  }

  packet(connection: Connection, firstByte: number, bytes: Buffer, start: number, end: number): void {
    const type = firstByte >> 4;
    if (!connection.isConnected) {
      this.#first(connection, firstByte, bytes.subarray(start, end));
      return;
    }
    if (type === PACKET_TYPES.publish) {
      this.#deps.publishGate.publish(connection, firstByte, bytes, start, end);
      return;
    }
    const fault = this.#handle(connection, type, firstByte & 0x0f, bytes.subarray(start, end));
    if (fault !== undefined) this.#malformed(connection, type, fault);
  }

  /** Handles a packet other than PUBLISH, or returns why it is malformed. */
  #handle(connection: Connection, type: number, flags: number, body: Buffer): PacketFault | undefined {
    const { deliveries } = this.#deps;
    const { level } = connection;
    switch (type) {
      case PACKET_TYPES.puback:
      case PACKET_TYPES.pubrec:
      case PACKET_TYPES.pubrel:
      case PACKET_TYPES.pubcomp:
        return this.#acknowledged(connection, type, flags, body);
      case PACKET_TYPES.subscribe: {
        const packet = decodeSubscribe(level, flags, body);
        if (packet instanceof PacketFault) return packet;
        deliveries.subscribe(connection, packet);
        return undefined;
      }
      case PACKET_TYPES.unsubscribe: {
        const packet = decodeUnsubscribe(level, flags, body);
        if (packet instanceof PacketFault) return packet;
        deliveries.unsubscribe(connection, packet);
        return undefined;
      }
      case PACKET_TYPES.pingreq: {
        const fault = emptyPacketFault(flags, body.length);
        if (fault === undefined) connection.write(PINGRESP);
        return fault;
      }
      case PACKET_TYPES.disconnect: {
        const packet = decodeDisconnect(level, flags, body);
        return packet instanceof PacketFault ? packet : disconnected(connection, packet);
      }
      case PACKET_TYPES.connect:
        return new PacketFault('a second one [MQTT-3.1.0-2]', 0, REASON_CODES.protocolError);
      case PACKET_TYPES.auth:
        return level === 5 ? new PacketFault(AUTH_PACKET, 0, REASON_CODES.protocolError) : RESERVED_TYPE;
      default:
        return new PacketFault('it comes only from brokers', 0, REASON_CODES.protocolError);
    }
  }

  /** Handles a PUBACK, PUBREC, PUBREL or PUBCOMP, or returns why it is malformed. */
  #acknowledged(connection: Connection, type: number, flags: number, body: Buffer): PacketFault | undefined {
    const { publishGate, deliveries } = this.#deps;
    const read = decodeAcknowledgement(connection.level, type as AcknowledgementType, flags, body);
    if (read instanceof PacketFault) return read;
    const packetId = read & 0xffff;
    const reasonCode = read >> 16;
    if (type === PACKET_TYPES.puback) deliveries.puback(connection, packetId);
    else if (type === PACKET_TYPES.pubrec) deliveries.pubrec(connection, packetId, reasonCode);
    else if (type === PACKET_TYPES.pubrel) publishGate.pubrel(connection, packetId);
    else deliveries.pubcomp(connection, packetId);
    return undefined;
  }

  /** See PacketSink.tooLarge. */
  tooLarge(connection: Connection, firstByte: number, length: number): number | undefined {
    const type = firstByte >> 4;
    if (connection.isConnected && type === PACKET_TYPES.publish) {
      return this.#deps.publishGate.keptOfTooLarge(connection, length);
    }
    if (connection.isConnected || firstByte >> 4 === PACKET_TYPES.connect) {
      const limit = connection.maxLength(firstByte);
      const detail = `${nameOf(type)} of ${length} bytes is over the limit of ${limit}`;
      connection.close('packet-too-large', detail);
    } else {
      this.notConnect(connection, firstByte);
    }
    return undefined;
  }

  /** The fixed header of a packet is malformed. */
  fault(connection: Connection, firstByte: number, fault: PacketFault): void {
    const type = firstByte >> 4;
    if (connection.isConnected || type === PACKET_TYPES.connect) this.#malformed(connection, type, fault);
    else this.notConnect(connection, firstByte);
  }

  /** The first packet must be CONNECT [MQTT-3.1.0-1]. */
  #first(connection: Connection, firstByte: number, body: Buffer): void {
    if (firstByte === FIRST_BYTES.connect) this.#deps.connectGate.connect(connection, body);
    else this.notConnect(connection, firstByte);
  }

  /** The first byte of a connection is not that of CONNECT. */
  notConnect(connection: Connection, firstByte: number): void {
    if (firstByte === TLS_HANDSHAKE_BYTE) {
      connection.close('tls-failed', TLS_ON_PLAIN);
      return;
    }
    const detail = `the first byte is 0x${firstByte.toString(16).padStart(2, '0')}, that of CONNECT is 0x10`;
    if (firstByte >> 4 === PACKET_TYPES.connect) {
      connection.close('connect-malformed', `${detail} [MQTT-2.2.2-2]`);
    } else {
      connection.close(isPacket(firstByte) ? 'not-authenticated' : 'not-mqtt', detail);
    }
  }

  #malformed(connection: Connection, type: number, fault: PacketFault): void {
    const isFirst = type === PACKET_TYPES.connect && !connection.isConnected;
    const reason = isFirst ? 'connect-malformed' : (FAULTS[type] ?? 'protocol-violation');
    connection.close(reason, `${nameOf(type)}: ${fault.detail}`, fault.reasonCode);
  }
}

/** Ends the connection of a client that has sent DISCONNECT, or returns what is wrong with the packet. */
function disconnected(connection: Connection, packet: DisconnectPacket): PacketFault | undefined {
  const { reasonCode, sessionExpirySeconds } = packet;
  if (sessionExpirySeconds !== undefined) {
    if (connection.mqtt5?.connectExpirySeconds === 0 && sessionExpirySeconds !== 0) {
      return new PacketFault(EXPIRY_AFTER_NONE, 0, REASON_CODES.protocolError);
    }
    connection.sessionExpirySeconds = sessionExpirySeconds;
  }
  // [MQTT-3.14.4-3]: with any other reason the will is published.
  if (reasonCode === REASON_CODES.success) connection.will = undefined;
  connection.leave();
  return undefined;
}

const RESERVED_TYPE = new PacketFault('reserved packet type (MQTT 3.1.1 section 2.2.1)');
const AUTH_PACKET = 'no authentication method was agreed [MQTT-4.12.0-1]';
const EXPIRY_AFTER_NONE = 'a session expiry interval after CONNECT had none [MQTT-3.14.2-2]';

/** First bytes of the other packets that MQTT 3.1.1 has, PUBLISH apart. */
const OTHER_PACKETS: ReadonlySet<number> = new Set([
  0x20, 0x40, 0x50, 0x62, 0x70, 0x82, 0x90, 0xa2, 0xb0, 0xc0, 0xd0, 0xe0,
]);

function isPacket(first: number): boolean {
  return OTHER_PACKETS.has(first) || first >> 4 === PACKET_TYPES.publish;
}

function nameOf(type: number): string {
  return (NAMES[type] ?? `packet type ${type}`).toUpperCase();
}
