import { PACKET_TYPES } from '../../../src/broker/protocol/packets.js';
import type { Random } from '../seeded.js';
import { bodyOf, type Mutation, reframed, variableByteInteger } from './mutate-frames.js';

/** The properties of a packet of MQTT 5, in its body. */
interface Region {
  /** Where their length begins. */
  readonly lengthAt: number;
  readonly at: number;
  readonly end: number;
}

type ValueMaker = (random: Random) => readonly number[];

const bytes = (count: number): ValueMaker => {
  return (random) => {
    const kind = random(4);
    return Array.from({ length: count }, (_, i) => {
      if (kind === 0) return 0;
      if (kind === 1) return 0xff;
      return kind === 2 && i < count - 1 ? 0 : random(256);
    });
  };
};
const text: ValueMaker = (random) => {
  const characters = Array.from({ length: random(12) }, () => 0x61 + random(26));
  // Sometimes not UTF-8, a null character, or a wildcard.
  if (random(5) === 0) characters.push([0xff, 0x00, 0x23, 0xc0][random(4)] ?? 0);
  return [0, characters.length, ...characters];
};
const pair: ValueMaker = (random) => [...text(random), ...text(random)];
const integer: ValueMaker = (random) => variableByteInteger([0, 1, 127, 128, 268_435_455][random(5)] ?? 1);

/** Every identifier of MQTT 5 (section 2.2.2.2) with values of its type. */
const PROPERTIES: Readonly<Record<number, ValueMaker>> = {
  1: bytes(1),
  2: bytes(4),
  3: text,
  8: text,
  9: text,
  11: integer,
  17: bytes(4),
  18: text,
  19: bytes(2),
  21: text,
  22: text,
  23: bytes(1),
  24: bytes(4),
  25: bytes(1),
  26: text,
  28: text,
  31: text,
  33: bytes(2),
  34: bytes(2),
  35: bytes(2),
  36: bytes(1),
  37: bytes(1),
  38: pair,
  39: bytes(4),
  40: bytes(1),
  41: bytes(1),
  42: bytes(1),
};
const IDENTIFIERS = Object.keys(PROPERTIES).map(Number);

/** One property, or what only looks like one. */
function anyProperty(random: Random): Buffer {
  const identifier = random(12) === 0 ? random(256) : (IDENTIFIERS[random(IDENTIFIERS.length)] ?? 38);
  // Now and then the value of another.
  const like = random(8) === 0 ? IDENTIFIERS[random(IDENTIFIERS.length)] : identifier;
  return Buffer.from([identifier, ...(PROPERTIES[like ?? 38] ?? pair)(random)]);
}

/** Undefined where the packet has none, or ends before them. */
export function propertiesOf(frame: Buffer): Region | undefined {
  const body = bodyOf(frame);
  const lengthAt = lengthOffset(frame[0] ?? 0, body);
  if (lengthAt === undefined || lengthAt >= body.length) return undefined;
  let length = 0;
  for (let i = 0; i < 4; i += 1) {
    const byte = body[lengthAt + i];
    if (byte === undefined) return undefined;
    length |= (byte & 0x7f) << (7 * i);
    if (byte > 0x7f) continue;
    const at = lengthAt + i + 1;
    return { lengthAt, at, end: Math.min(body.length, at + length) };
  }
  return undefined;
}

function lengthOffset(firstByte: number, body: Buffer): number | undefined {
  switch (firstByte >> 4) {
    case PACKET_TYPES.connect:
      return 10;
    case PACKET_TYPES.publish:
      if (body.length < 2) return undefined;
      return 2 + body.readUInt16BE(0) + ((firstByte & 6) === 0 ? 0 : 2);
    case PACKET_TYPES.puback:
    case PACKET_TYPES.pubrec:
    case PACKET_TYPES.pubrel:
    case PACKET_TYPES.pubcomp:
      return 3;
    case PACKET_TYPES.subscribe:
    case PACKET_TYPES.unsubscribe:
      return 2;
    case PACKET_TYPES.disconnect:
    case PACKET_TYPES.auth:
      return 1;
    default:
      return undefined;
  }
}

/** Changes the properties of a packet, whose lengths fit all the same unless `lengthOf` says otherwise. */
function ofProperties(
  change: (properties: Buffer, random: Random) => Buffer,
  lengthOf: (properties: Buffer, random: Random) => readonly number[] = ({ length }) =>
    variableByteInteger(length),
): Mutation {
  return (frames, at, random) => {
    const frame = frames[at];
    const region = frame === undefined ? undefined : propertiesOf(frame);
    if (frame === undefined || region === undefined) return;
    const body = bodyOf(frame);
    const changed = change(Buffer.from(body.subarray(region.at, region.end)), random);
    frames[at] = reframed(
      frame[0] ?? 0,
      Buffer.concat([
        body.subarray(0, region.lengthAt),
        Buffer.from(lengthOf(changed, random)),
        changed,
        body.subarray(region.end),
      ]),
    );
  };
}

const same = (properties: Buffer) => properties;

const addProperty = (properties: Buffer, random: Random) =>
  random(2) === 0
    ? Buffer.concat([anyProperty(random), properties])
    : Buffer.concat([properties, anyProperty(random)]);

/** Most may come once. */
const repeatAll = (properties: Buffer) => Buffer.concat([properties, properties]);

const addMany = (properties: Buffer, random: Random) =>
  Buffer.concat([
    properties,
    ...Array.from({ length: random(random(20) === 0 ? 4000 : 60) }, () => anyProperty(random)),
  ]);

const cutOff = (properties: Buffer, random: Random) => properties.subarray(0, random(properties.length + 1));

const changeByte = (properties: Buffer, random: Random) => {
  if (properties.length > 0) properties[random(properties.length)] = random(256);
  return properties;
};

const changeFirstIdentifier = (properties: Buffer, random: Random) => {
  if (properties.length > 0) properties[0] = IDENTIFIERS[random(IDENTIFIERS.length)] ?? 0;
  return properties;
};

const wrongLength = ({ length }: Buffer, random: Random): readonly number[] => {
  const lengths = [length + 1, Math.max(0, length - 1), 0, 127, 128, 16_384, 268_435_455, random(300)];
  return variableByteInteger(lengths[random(lengths.length)] ?? 0);
};

/** In more bytes than it needs, or in more than four. */
const longLength = ({ length }: Buffer, random: Random): readonly number[] => {
  const first = (length & 0x7f) | 0x80;
  return random(2) === 0 ? [first, ((length >> 7) & 0x7f) | 0x80, 0] : [first, 0x80, 0x80, 0x80, 0];
};

/** Mutations that know where a packet of MQTT 5 has its properties. */
export const PROPERTY_MUTATIONS: readonly Mutation[] = [
  ofProperties(addProperty),
  ofProperties(addProperty),
  ofProperties(addProperty),
  ofProperties(addMany),
  ofProperties(repeatAll),
  ofProperties(cutOff),
  ofProperties(changeByte),
  ofProperties(changeByte),
  ofProperties(changeFirstIdentifier),
  ofProperties(same, wrongLength),
  ofProperties(same, wrongLength),
  ofProperties(same, longLength),
];
