import type { Random } from '../seeded.js';

/** Values at the borders of lengths, types and encodings. */
const EDGES = [0x00, 0x01, 0x02, 0x7f, 0x80, 0xc0, 0xed, 0xfe, 0xff];
const HUGE = [
  [0xff, 0xff, 0xff, 0x7f],
  [0xff, 0xff, 0xff, 0xff, 0x01],
  [0x80, 0x80, 0x80, 0x80],
  [0x80, 0x80, 0x80, 0x40],
  [0xff, 0xff, 0x0f],
];

/** Changes one frame, or puts another one beside it. */
export type Mutation = (frames: Buffer[], at: number, random: Random) => void;

/** Mutates `count` times, each time a frame at or behind `first`. `further`: mutations of one version of MQTT. */
export function mutateFrames(
  frames: Buffer[],
  { first, count, further }: { first: number; count: number; further: readonly Mutation[] },
  random: Random,
): void {
  const mutations = [...MUTATIONS, ...further];
  for (let i = 0; i < count; i += 1) {
    if (frames.length <= first) return;
    const at = first + random(frames.length - first);
    mutations[random(mutations.length)]?.(frames, at, random);
  }
}

/** The frame with `body` behind a remaining length that fits, so that the packet itself is read. */
export function reframed(firstByte: number, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from([firstByte, ...variableByteInteger(body.length)]), body]);
}

/** As the length of packets and of their properties is written. */
export function variableByteInteger(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    rest >>>= 7;
  } while (rest > 0);
  return bytes;
}

/** What is behind the remaining length. */
export function bodyOf(frame: Buffer): Buffer {
  let at = 1;
  while (at < frame.length && at < 4 && (frame[at] ?? 0) > 0x7f) at += 1;
  return frame.subarray(Math.min(at + 1, frame.length));
}

/** Changes a copy of the body, which keeps its frame. */
function ofBody(change: (body: Buffer, random: Random) => Buffer): Mutation {
  return (frames, at, random) => {
    const frame = frames[at] ?? Buffer.alloc(0);
    frames[at] = reframed(frame[0] ?? 0, change(Buffer.from(bodyOf(frame)), random));
  };
}

/** Changes a copy of all bytes of the frame. */
function ofFrame(change: (frame: Buffer, random: Random) => Buffer): Mutation {
  return (frames, at, random) => {
    frames[at] = change(Buffer.from(frames[at] ?? Buffer.alloc(0)), random);
  };
}

function flipBits(bytes: Buffer, random: Random): Buffer {
  if (bytes.length === 0) return bytes;
  for (let i = random(3); i >= 0; i -= 1) {
    const at = random(bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
  }
  return bytes;
}

function setByte(bytes: Buffer, random: Random): Buffer {
  if (bytes.length > 0) bytes[random(bytes.length)] = EDGES[random(EDGES.length)] ?? random(256);
  return bytes;
}

function insertBytes(bytes: Buffer, random: Random): Buffer {
  const at = random(bytes.length + 1);
  const added = Buffer.from(Array.from({ length: 1 + random(6) }, () => random(256)));
  return Buffer.concat([bytes.subarray(0, at), added, bytes.subarray(at)]);
}

function removeBytes(bytes: Buffer, random: Random): Buffer {
  const at = random(bytes.length + 1);
  return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random(4))]);
}

const cutOff = (bytes: Buffer, random: Random) => bytes.subarray(0, random(bytes.length + 1));

/** A length in front of a string is one more, one less, or far more. */
function editFieldLength(body: Buffer, random: Random): Buffer {
  if (body.length < 2) return body;
  const at = random(Math.min(body.length - 1, 16));
  const now = body.readUInt16BE(at);
  const lengths = [now + 1, now - 1, 0, 0xffff, body.length, random(0x10000)];
  body.writeUInt16BE((lengths[random(lengths.length)] ?? 0) & 0xffff, at);
  return body;
}

function editRemainingLength(frame: Buffer, random: Random): Buffer {
  if (frame.length > 1) frame[1] = random(2) === 0 ? (frame[1] ?? 0) + 1 - 2 * random(2) : random(256);
  return frame;
}

function claimHugeLength(frame: Buffer, random: Random): Buffer {
  const length = HUGE[random(HUGE.length)] ?? [];
  const rest = Buffer.alloc(random(20) === 0 ? 70_000 : random(300), 'x');
  return Buffer.concat([frame.subarray(0, 1), Buffer.from(length), bodyOf(frame), rest]);
}

/** A remaining length in more bytes than it needs. */
function lengthenRemainingLength(frame: Buffer): Buffer {
  const { length } = bodyOf(frame);
  if (length > 0x3fff) return frame;
  return Buffer.concat([
    frame.subarray(0, 1),
    Buffer.from([(length & 0x7f) | 0x80, (length >> 7) | 0x80, 0]),
    bodyOf(frame),
  ]);
}

const changeFirstByte = (frame: Buffer, random: Random) => {
  if (frame.length > 0) frame[0] = random(2) === 0 ? random(256) : (frame[0] ?? 0) ^ (1 << random(4));
  return frame;
};

/** The front of one frame and the back of another. */
const splice: Mutation = (frames, at, random) => {
  const one = frames[at] ?? Buffer.alloc(0);
  const other = frames[random(frames.length)] ?? one;
  const bytes = Buffer.concat([
    one.subarray(0, random(one.length + 1)),
    other.subarray(random(other.length + 1)),
  ]);
  frames[at] = random(2) === 0 ? bytes : reframed(bytes[0] ?? 0, bytes.subarray(1));
};

const repeat: Mutation = (frames, at, random) => {
  const frame = frames[at];
  if (frame !== undefined) frames.splice(at, 0, ...Array.from({ length: 1 + random(3) }, () => frame));
};

const swap: Mutation = (frames, at, random) => {
  const other = at - random(at === 0 ? 1 : 2);
  [frames[at], frames[other]] = [frames[other] ?? Buffer.alloc(0), frames[at] ?? Buffer.alloc(0)];
};

/** A packet of this type with another body, or with bytes that mean nothing. */
const changeType: Mutation = (frames, at, random) => {
  const frame = frames[at] ?? Buffer.alloc(0);
  const type = 1 + random(14);
  frames[at] = reframed((type << 4) | [0, 2, random(16)][random(3)]!, Buffer.from(bodyOf(frame)));
};

const remove: Mutation = (frames, at) => void frames.splice(at, 1);

const MUTATIONS: readonly Mutation[] = [
  ofBody(flipBits),
  ofBody(flipBits),
  ofBody(setByte),
  ofBody(insertBytes),
  ofBody(removeBytes),
  ofBody(cutOff),
  ofBody(editFieldLength),
  ofBody(editFieldLength),
  ofFrame(flipBits),
  ofFrame(setByte),
  ofFrame(insertBytes),
  ofFrame(removeBytes),
  ofFrame(cutOff),
  ofFrame(editRemainingLength),
  ofFrame(claimHugeLength),
  ofFrame(lengthenRemainingLength),
  ofFrame(changeFirstByte),
  splice,
  repeat,
  repeat,
  swap,
  swap,
  changeType,
  remove,
];
