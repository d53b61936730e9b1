import mqttPacket from 'mqtt-packet';
import { FIRST_BYTES } from '../../../src/broker/protocol/packets.js';
import { type Random, seeded } from '../seeded.js';
import { bodyOf, mutateFrames } from './mutate-frames.js';
import { PROPERTY_MUTATIONS } from './mutate-properties.js';
import { type Credentials, connectFrame, sequenceOf } from './seed-frames.js';
import { connectFrame5, PUBLISH_WITH_BAD_PROPERTIES, sequenceOf5 } from './seed-frames-5.js';

const CONNECT = 1;

/** What one fuzzed connection does. The seed and its number decide it, whatever the other connections do. */
export interface FuzzPlan {
  /** The first packet, in the pieces in which it is written. */
  readonly opening: readonly Buffer[];
  /** The client waits for the answer to the first packet before it writes the others. */
  readonly isPatient: boolean;
  readonly others: readonly Buffer[];
  readonly mutatedFrames: number;
  /** Ends with RST instead of FIN, at once. */
  readonly isReset: boolean;
  /** The first packet is as it was made: the broker must answer it, or close the connection. */
  readonly isFirstIntact: boolean;
  /** The first packet is no CONNECT, so nothing of the connection may be stored. */
  readonly isWithoutConnect: boolean;
  /** Whether the broker answers with packets of MQTT 5. */
  readonly isVersion5: boolean;
  /** The largest packet that the client has said it takes; infinite where it has not, or where a mutation may have said it. */
  readonly maximumPacketBytes: number;
}

export function fuzzPlan(seed: number, connection: number, credentials?: Credentials): FuzzPlan {
  const random = seeded((Math.imul(seed, 0x9e3779b9) ^ Math.imul(connection + 1, 0x85ebca6b)) | 0);
  if (connection === 0) return firstPlan(random, credentials);
  const is5 = random(2) === 0;
  // Now and then a connection sends packets of the other version.
  const make = () => ((random(20) === 0) !== is5 ? sequenceOf5 : sequenceOf)(connection, random);
  const frames = [make(), make()].flat();
  if (random(12) !== 0) {
    frames.unshift((is5 ? connectFrame5 : connectFrame)(connection, random, credentials));
  }
  const mutatedFrames = 1 + random(24);
  const [made] = frames;
  // Most connections get in: what is behind a CONNECT that is refused is not read.
  const first = random(6) === 0 ? 0 : 1;
  mutateFrames(frames, { first, count: mutatedFrames, further: is5 ? PROPERTY_MUTATIONS : [] }, random);
  return { ...planOf(frames, made, random), mutatedFrames };
}

/** The packets that ended another broker, as they were: with them every run begins. */
function firstPlan(random: Random, credentials: Credentials | undefined): FuzzPlan {
  const connect = connectFrame5(0, () => 2, credentials);
  const plan = planOf([connect, PUBLISH_WITH_BAD_PROPERTIES], connect, random);
  return { ...plan, isPatient: true, isReset: false, mutatedFrames: 1 };
}

function planOf(
  [first = Buffer.alloc(0), ...others]: readonly Buffer[],
  made: Buffer | undefined,
  random: Random,
): Omit<FuzzPlan, 'mutatedFrames'> {
  const isFirstIntact = first === made;
  const isVersion5 = isConnectOf5(Buffer.concat([first, ...others]));
  return {
    opening: piecesOf(first, random),
    isPatient: random(6) !== 0,
    others: piecesOf(Buffer.concat(others), random),
    isReset: random(8) === 0,
    isFirstIntact,
    isWithoutConnect: (first[0] ?? 0) >> 4 !== CONNECT,
    isVersion5,
    maximumPacketBytes: isFirstIntact && isVersion5 ? maximumPacketBytesOf(first) : Number.POSITIVE_INFINITY,
  };
}

function maximumPacketBytesOf(first: Buffer): number {
  let found = Number.POSITIVE_INFINITY;
  const parser = mqttPacket.parser();
  parser.on('packet', (packet) => {
    if (packet.cmd === 'connect') found = packet.properties?.maximumPacketSize ?? found;
  });
  parser.parse(first);
  return found;
}

/** Judged by the bytes that are sent: a mutation may have made one version of the other, or another packet the first one. */
function isConnectOf5(bytes: Buffer): boolean {
  const body = bodyOf(bytes);
  return bytes[0] === FIRST_BYTES.connect && body.toString('latin1', 0, 7) === '\0\x04MQTT\x05';
}

/** One write, a few, or many small ones, so that packets are cut anywhere. */
function piecesOf(bytes: Buffer, random: Random): Buffer[] {
  const longest = [bytes.length + 1, 200, 30, 5][random(4)] ?? 30;
  const pieces: Buffer[] = [];
  for (let from = 0; from < bytes.length; ) {
    // Not hundreds of pieces: the rest in one.
    const to = pieces.length > 12 ? bytes.length : Math.min(bytes.length, from + 1 + random(longest));
    pieces.push(bytes.subarray(from, to));
    from = to;
  }
  return pieces;
}
