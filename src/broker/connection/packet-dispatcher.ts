import {
  decodeAcknowledgement,
  decodeSubscribe,
  decodeUnsubscribe,
  emptyPacketFault,
} from '../protocol/decode-packets.js';
import { PINGRESP } from '../protocol/encode-packets.js';
import { FIRST_BYTES, PACKET_TYPES, PacketFault } from '../protocol/packets.js';
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
  [PACKET_TYPES.connect]: 'connect-malformed',
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
    const { publishGate, deliveries } = this.#deps;
    if (type === PACKET_TYPES.publish) {
      publishGate.publish(connection, firstByte, bytes, start, end);
      return;
    }
    const flags = firstByte & 0x0f;
    const body = bytes.subarray(start, end);
    switch (type) {
      case PACKET_TYPES.pubrel:
        return this.#acknowledgement(connection, type, flags, body, (id) =>
          publishGate.pubrel(connection, id),
        );
      case PACKET_TYPES.puback:
        return this.#acknowledgement(connection, type, flags, body, (id) =>
          deliveries.puback(connection, id),
        );
      case PACKET_TYPES.pubrec:
        return this.#acknowledgement(connection, type, flags, body, (id) =>
          deliveries.pubrec(connection, id),
        );
      case PACKET_TYPES.pubcomp:
        return this.#acknowledgement(connection, type, flags, body, (id) =>
          deliveries.pubcomp(connection, id),
        );
      case PACKET_TYPES.subscribe: {
        const packet = decodeSubscribe(flags, body);
        if (packet instanceof PacketFault) return this.#malformed(connection, type, packet);
        // A copy of its strings only: the packet holds no view of the bytes.
        return deliveries.subscribe(connection, packet);
      }
      case PACKET_TYPES.unsubscribe: {
        const packet = decodeUnsubscribe(flags, body);
        if (packet instanceof PacketFault) return this.#malformed(connection, type, packet);
        return deliveries.unsubscribe(connection, packet);
      }
      case PACKET_TYPES.pingreq: {
        const fault = emptyPacketFault(flags, body.length);
        if (fault !== undefined) return this.#malformed(connection, type, fault);
        return connection.output.write(PINGRESP);
      }
      case PACKET_TYPES.disconnect: {
        const fault = emptyPacketFault(flags, body.length);
        if (fault !== undefined) return this.#malformed(connection, type, fault);
        // [MQTT-3.14.4-3]
        connection.will = undefined;
        return connection.leave();
      }
      case PACKET_TYPES.connect:
        return connection.close('protocol-violation', 'a second CONNECT [MQTT-3.1.0-2]');
      default:
        return connection.close('protocol-violation', `${nameOf(type)} from a client`);
    }
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
    if (firstByte !== FIRST_BYTES.connect) return this.notConnect(connection, firstByte);
    this.#deps.connectGate.connect(connection, body);
  }

  /** The first byte of a connection is not that of CONNECT. */
  notConnect(connection: Connection, firstByte: number): void {
    if (firstByte === TLS_HANDSHAKE_BYTE) return connection.close('tls-failed', TLS_ON_PLAIN);
    const detail = `the first byte is 0x${firstByte.toString(16).padStart(2, '0')}, that of CONNECT is 0x10`;
    if (firstByte >> 4 === PACKET_TYPES.connect)
      connection.close('connect-malformed', `${detail} [MQTT-2.2.2-2]`);
    else connection.close(isPacket(firstByte) ? 'not-authenticated' : 'not-mqtt', detail);
  }

  #acknowledgement(
    connection: Connection,
    type: number,
    flags: number,
    body: Buffer,
    handle: (packetId: number) => void,
  ): void {
    const packetId = decodeAcknowledgement(flags, body, type === PACKET_TYPES.pubrel ? 2 : 0);
    if (packetId instanceof PacketFault) this.#malformed(connection, type, packetId);
    else handle(packetId);
  }

  #malformed(connection: Connection, type: number, fault: PacketFault): void {
    connection.close(FAULTS[type] ?? 'protocol-violation', `${nameOf(type)}: ${fault.detail}`);
  }
}

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
