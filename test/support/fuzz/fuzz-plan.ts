import { type Random, seeded } from '../seeded.js';
import { mutateFrames } from './mutate-frames.js';
import { type Credentials, connectFrame, sequenceOf } from './seed-frames.js';

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
}

export function fuzzPlan(seed: number, connection: number, credentials?: Credentials): FuzzPlan {
  const random = seeded((Math.imul(seed, 0x9e3779b9) ^ Math.imul(connection + 1, 0x85ebca6b)) | 0);
  const frames = [sequenceOf(connection, random), sequenceOf(connection, random)].flat();
  if (random(12) !== 0) frames.unshift(connectFrame(connection, random, credentials));
  const mutatedFrames = 1 + random(24);
  const [made] = frames;
  // Most connections get in: what is behind a CONNECT that is refused is not read.
  mutateFrames(frames, random(6) === 0 ? 0 : 1, mutatedFrames, random);
  const [first = Buffer.alloc(0), ...others] = frames;
  return {
    opening: piecesOf(first, random),
    isPatient: random(6) !== 0,
    others: piecesOf(Buffer.concat(others), random),
    mutatedFrames,
    isReset: random(8) === 0,
    isFirstIntact: first === made,
    isWithoutConnect: (first[0] ?? 0) >> 4 !== CONNECT,
  };
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
