import { PACKET_TYPES, PacketFault } from './packets.js';

/** The header is not complete yet. */
export const UNFINISHED_HEADER = 0;

const MALFORMED_LENGTH = new PacketFault('remaining length of more than 4 bytes (MQTT 3.1.1 section 2.2.3)');
const RESERVED_TYPE = new PacketFault('reserved packet type (MQTT 3.1.1 section 2.2.1)');
const FROM_A_BROKER = new PacketFault('a packet that only a broker sends');
const CONNECT_FLAGS = new PacketFault('CONNECT with reserved flags [MQTT-2.2.2-2]');
const PUBLISH_QOS = new PacketFault('PUBLISH with QoS 3 [MQTT-3.3.1-4]');
const PUBLISH_DUPLICATE = new PacketFault('PUBLISH of QoS 0 with the DUP flag [MQTT-3.3.1-2]');

/** What `readFixedHeader` returns as -1, -2 and so on. */
const FAULTS = [
  MALFORMED_LENGTH,
  RESERVED_TYPE,
  FROM_A_BROKER,
  CONNECT_FLAGS,
  PUBLISH_QOS,
  PUBLISH_DUPLICATE,
] as const;

/** For each first byte 0, or the number of its fault. */
const FAULT_OF_FIRST_BYTE = Int8Array.from({ length: 256 }, (_, byte) => {
  const fault = faultOfFirstByte(byte);
  return fault === undefined ? 0 : -1 - FAULTS.indexOf(fault);
});

/**
 * The fixed header at `at` as one number, so that nothing is allocated: `UNFINISHED_HEADER`, or a negative number for
 * `faultOfHeader`, or a positive one for `lengthOfHeader` and `remainingLengthOf`. The flags of PUBLISH and CONNECT are checked here,
 * those of the other packets by their decoders.
 */
export function readFixedHeader(bytes: Buffer, at: number): number {
  if (at >= bytes.length) return UNFINISHED_HEADER;
  const fault = FAULT_OF_FIRST_BYTE[bytes[at] ?? 0] ?? 0;
  if (fault !== 0) return fault;
  let remaining = 0;
  for (let i = 1; i <= 4; i += 1) {
    if (at + i >= bytes.length) return UNFINISHED_HEADER;
    const byte = bytes[at + i] ?? 0;
    remaining |= (byte & 0x7f) << (7 * (i - 1));
    // 28 bits and 3 bits: the sum is a small integer of the engine.
    if (byte < 0x80) return (remaining << 3) | (i + 1);
  }
  return -1;
}

/** The bytes of a complete fixed header, 2 to 5. */
export function lengthOfHeader(header: number): number {
  return header & 7;
}

/** The bytes of the packet behind its fixed header. */
export function remainingLengthOf(header: number): number {
  return header >>> 3;
}

/** What is wrong when `readFixedHeader` returned a negative number. */
export function faultOfHeader(header: number): PacketFault {
  return FAULTS[-1 - header] ?? MALFORMED_LENGTH;
}

function faultOfFirstByte(byte: number): PacketFault | undefined {
  const flags = byte & 15;
  switch (byte >> 4) {
    case PACKET_TYPES.connect:
      return flags === 0 ? undefined : CONNECT_FLAGS;
    case PACKET_TYPES.publish:
      if ((flags & 6) === 6) return PUBLISH_QOS;
      return (flags & 6) === 0 && (flags & 8) !== 0 ? PUBLISH_DUPLICATE : undefined;
    case PACKET_TYPES.connack:
    case PACKET_TYPES.suback:
    case PACKET_TYPES.unsuback:
    case PACKET_TYPES.pingresp:
      return FROM_A_BROKER;
    case 0:
      return RESERVED_TYPE;
    // The dispatcher knows the version.
    case PACKET_TYPES.auth:
      return flags === 0 ? undefined : RESERVED_TYPE;
    default:
      return undefined;
  }
}
