import { crc32 } from 'node:zlib';
import { maxPropertiesBytes } from '../../lib/max-properties-bytes.js';
import {
  decodeMessageProperties,
  encodeMessageProperties,
  MAX_MESSAGE_PROPERTIES_BYTES,
  type MessageProperties,
} from '../../lib/message-properties.js';
import type { RefusedPublish } from '../../lib/refused-publish.js';
import type { StreamRecord } from '../stream.js';
import { readRefusedEntry, refusedEntry } from './refused-entry.js';

/**
 * One record on disk, little endian:
 *
 *   0   u32  magic 'SLF1'
 *   4   u32  CRC-32 of everything from offset 8 on, started with the segment's salt
 *   8   u32  length of the body
 *   12  u32  sequence, low half
 *   16  u32  sequence, high half
 *   20  body: u64 receivedAtNs, u8 qos, u8 flags, u16 client id bytes, u16 topic bytes, client id, topic, [extension,] payload
 *
 * Flag 1 says that an extension is there: u16 bytes of its entries, and each entry as u8 type, u16 bytes, content. A record
 * that needs none has no flag and costs no byte. Types: 1, the user; 2, why a packet was refused (RefusedEntry); 3, the
 * properties of the message, as MQTT 5 writes them. An entry of a type that this version does not know is skipped, so the
 * format of the data directory must be raised before a new type is written.
 */
export const FRAME_HEADER_BYTES = 20;
const BODY_FIXED_BYTES = 14;
const FRAME_MAGIC = Buffer.from('SLF1', 'latin1');
const MAGIC_LE = FRAME_MAGIC.readUInt32LE(0);
const TWO_POW_32 = 0x1_0000_0000;
const MAX_NAME_BYTES = 0xffff;
const HAS_EXTENSION = 1;
const EXTENSION_LENGTH_BYTES = 2;
const ENTRY_HEADER_BYTES = 3;
const USER_ENTRY = 1;
const REFUSED_ENTRY = 2;
const PROPERTIES_ENTRY = 3;

/** The most bytes that `record` can take as a frame: names are UTF-8, at most 3 bytes per UTF-16 unit. */
export function maxFrameBytes(record: StreamRecord): number {
  const { user, refused, properties } = record;
  const extensionBytes =
    (user || refused || properties ? EXTENSION_LENGTH_BYTES : 0) +
    (user ? ENTRY_HEADER_BYTES + user.length * 3 : 0) +
    (refused ? ENTRY_HEADER_BYTES + refusedEntry(refused).length : 0) +
    (properties ? ENTRY_HEADER_BYTES + maxPropertiesBytes(properties) : 0);
  return (
    FRAME_HEADER_BYTES +
    BODY_FIXED_BYTES +
    (record.clientId.length + record.topic.length) * 3 +
    extensionBytes +
    record.payload.length
  );
}

/**
 * Writes `record` at `offset` and returns the offset behind it. The caller makes sure that `maxFrameBytes` fit; a name
 * or an extension over 65,535 bytes throws.
 */
export function writeFrame(
  target: Buffer,
  offset: number,
  record: StreamRecord,
  sequence: number,
  salt: number,
): number {
  const body = offset + FRAME_HEADER_BYTES;
  viewOf(target).setBigUint64(body, record.receivedAtNs, true);
  target[body + 8] = record.qos;
  const hasExtension = record.user || record.refused || record.properties;
  target[body + 9] = hasExtension ? HAS_EXTENSION : 0;
  const names = body + BODY_FIXED_BYTES;
  const { clientIdBytes, topicBytes } = writeNames(target, offset, names, record);
  target.writeUInt16LE(clientIdBytes, body + 10);
  target.writeUInt16LE(topicBytes, body + 12);
  const topicEnd = names + clientIdBytes + topicBytes;
  const payloadAt = hasExtension ? writeExtension(target, topicEnd, record) : topicEnd;
  target.set(record.payload, payloadAt);
  const end = payloadAt + record.payload.length;
  last.end = end;

  target.writeUInt32LE(MAGIC_LE, offset);
  target.writeUInt32LE(end - body, offset + 8);
  target.writeUInt32LE(sequence % TWO_POW_32, offset + 12);
  target.writeUInt32LE(Math.floor(sequence / TWO_POW_32), offset + 16);
  target.writeUInt32LE(crc32(target.subarray(offset + 8, end), salt), offset + 4);
  return end;
}

/** The names of the frame that was written last, and where they are. */
const last = {
  target: undefined as Buffer | undefined,
  /** The end of its frame. */
  end: 0,
  namesAt: 0,
  clientId: '',
  topic: '',
  clientIdBytes: 0,
  topicBytes: 0,
};

/** A device that sends many messages sends them one after the other: their names are copied, and not encoded again. */
function writeNames(
  target: Buffer,
  offset: number,
  names: number,
  { clientId, topic }: StreamRecord,
): typeof last {
  // Right behind the frame that was written last: nothing else has been written over it.
  const isBehind = last.target === target && last.end === offset;
  if (isBehind && last.topic === topic && last.clientId === clientId) {
    target.copyWithin(names, last.namesAt, last.namesAt + last.clientIdBytes + last.topicBytes);
  } else {
    last.clientIdBytes = target.write(clientId, names, 'utf8');
    last.topicBytes = target.write(topic, names + last.clientIdBytes, 'utf8');
    if (last.clientIdBytes > MAX_NAME_BYTES || last.topicBytes > MAX_NAME_BYTES) {
      last.target = undefined;
      throw new RangeError('client id or topic over 65,535 bytes');
    }
    last.target = target;
    last.clientId = clientId;
    last.topic = topic;
  }
  last.namesAt = names;
  return last;
}

let viewed: Buffer | undefined;
let view: DataView<ArrayBufferLike> = new DataView(new ArrayBuffer(0));

/** Batches fill one buffer after the other. A view writes a bigint in place, which a method of Buffer takes apart. */
function viewOf(target: Buffer): DataView {
  if (viewed !== target) {
    viewed = target;
    view = new DataView(target.buffer, target.byteOffset, target.length);
  }
  return view;
}

function writeExtension(target: Buffer, offset: number, { user, refused, properties }: StreamRecord): number {
  const entriesAt = offset + EXTENSION_LENGTH_BYTES;
  let end = entriesAt;
  if (user) {
    const userBytes = target.write(user, end + ENTRY_HEADER_BYTES, 'utf8');
    end = writeEntryHeader(target, end, USER_ENTRY, userBytes);
  }
  if (refused !== undefined) {
    const entry = refusedEntry(refused);
    target.set(entry, end + ENTRY_HEADER_BYTES);
    end = writeEntryHeader(target, end, REFUSED_ENTRY, entry.length);
  }
  if (properties !== undefined) {
    const entry = encodeMessageProperties(properties);
    if (entry.length > MAX_MESSAGE_PROPERTIES_BYTES) throw new RangeError('message properties over 16 KiB');
    target.set(entry, end + ENTRY_HEADER_BYTES);
    end = writeEntryHeader(target, end, PROPERTIES_ENTRY, entry.length);
  }
  if (end - entriesAt > MAX_NAME_BYTES) throw new RangeError('extension over 65,535 bytes');
  target.writeUInt16LE(end - entriesAt, offset);
  return end;
}

/** Returns the offset behind the entry. */
function writeEntryHeader(target: Buffer, offset: number, type: number, contentBytes: number): number {
  if (contentBytes > MAX_NAME_BYTES) throw new RangeError('entry of an extension over 65,535 bytes');
  target[offset] = type;
  target.writeUInt16LE(contentBytes, offset + 1);
  return offset + ENTRY_HEADER_BYTES + contentBytes;
}

/** Makes the checksums of the frames in the first `lengthBytes` again, for a segment with another salt. */
export function resalt(frames: Buffer, lengthBytes: number, salt: number): void {
  for (let at = 0; at < lengthBytes; ) {
    const end = at + FRAME_HEADER_BYTES + frames.readUInt32LE(at + 8);
    frames.writeUInt32LE(crc32(frames.subarray(at + 8, end), salt), at + 4);
    at = end;
  }
}

type FrameCheck =
  | { readonly kind: 'good'; readonly sequence: number; readonly end: number }
  /** The bytes end before the frame does. */
  | { readonly kind: 'short' }
  | { readonly kind: 'bad' };

const SHORT: FrameCheck = { kind: 'short' };
const BAD: FrameCheck = { kind: 'bad' };

/** Checks the frame at `offset`. `maxBodyBytes` limits what is read because of a damaged length. */
function checkFrame(source: Buffer, offset: number, salt: number, maxBodyBytes: number): FrameCheck {
  if (source.length - offset < FRAME_HEADER_BYTES) return SHORT;
  if (source.readUInt32LE(offset) !== MAGIC_LE) return BAD;
  const bodyBytes = source.readUInt32LE(offset + 8);
  if (bodyBytes < BODY_FIXED_BYTES || bodyBytes > maxBodyBytes) return BAD;
  const end = offset + FRAME_HEADER_BYTES + bodyBytes;
  if (end > source.length) return SHORT;
  if (crc32(source.subarray(offset + 8, end), salt) !== source.readUInt32LE(offset + 4)) return BAD;
  const sequence = source.readUInt32LE(offset + 12) + source.readUInt32LE(offset + 16) * TWO_POW_32;
  return { kind: 'good', sequence, end };
}

/** The record of a frame that `checkFrame` found good. The payload is a view of `source`. */
export function readFrame(source: Buffer, offset: number, end: number): StreamRecord {
  const body = offset + FRAME_HEADER_BYTES;
  const names = body + BODY_FIXED_BYTES;
  const topicAt = names + source.readUInt16LE(body + 10);
  const topicEnd = topicAt + source.readUInt16LE(body + 12);
  const hasExtension = (source[body + 9]! & HAS_EXTENSION) !== 0 && topicEnd + EXTENSION_LENGTH_BYTES <= end;
  const entriesAt = topicEnd + EXTENSION_LENGTH_BYTES;
  const payloadAt = hasExtension ? Math.min(entriesAt + source.readUInt16LE(topicEnd), end) : topicEnd;
  const extension = hasExtension ? extensionIn(source, entriesAt, payloadAt) : undefined;
  return {
    receivedAtNs: source.readBigUInt64LE(body),
    clientId: source.toString('utf8', names, topicAt),
    topic: source.toString('utf8', topicAt, topicEnd),
    user: extension?.user,
    qos: (source[body + 8]! & 3) as 0 | 1 | 2,
    payload: source.subarray(payloadAt, end),
    refused: extension?.refused,
    properties: extension?.properties,
  };
}

interface Extension {
  user: string | undefined;
  refused: RefusedPublish | undefined;
  properties: MessageProperties | undefined;
}

/** What the entries from `offset` to `end` say. An entry that does not fit ends the search. */
function extensionIn(source: Buffer, offset: number, end: number): Extension {
  const found: Extension = { user: undefined, refused: undefined, properties: undefined };
  for (let at = offset; at + ENTRY_HEADER_BYTES <= end; ) {
    const contentAt = at + ENTRY_HEADER_BYTES;
    const contentEnd = contentAt + source.readUInt16LE(at + 1);
    if (contentEnd > end) break;
    if (source[at] === USER_ENTRY && contentEnd > contentAt)
      found.user ??= source.toString('utf8', contentAt, contentEnd);
    if (source[at] === REFUSED_ENTRY)
      found.refused ??= readRefusedEntry(source.subarray(contentAt, contentEnd));
    if (source[at] === PROPERTIES_ENTRY)
      found.properties ??= decodeMessageProperties(source.subarray(contentAt, contentEnd));
    at = contentEnd;
  }
  return found;
}

/** What `nextFrame` found, as offsets into the scanned bytes. */
export type Scanned =
  | { readonly kind: 'frame'; readonly sequence: number; readonly start: number; readonly end: number }
  /** There is no further frame in these bytes: go on at `from` when more have been read. */
  | { readonly kind: 'end'; readonly from: number };

/**
 * Finds the next good frame at or behind `offset` whose sequence is not below `minSequence`. It searches damaged bytes
 * for the next magic that starts a good frame, so that a bad frame costs only itself. `complete` means that no more
 * bytes follow: a frame that ends behind them is then damaged, too.
 */
export function nextFrame(
  bytes: Buffer,
  offset: number,
  salt: number,
  minSequence: number,
  maxBodyBytes: number,
  complete: boolean,
): Scanned {
  let at = offset;
  while (at < bytes.length) {
    const check = checkFrame(bytes, at, salt, maxBodyBytes);
    if (check.kind === 'good') {
      if (check.sequence >= minSequence) {
        return { kind: 'frame', sequence: check.sequence, start: at, end: check.end };
      }
      at = check.end;
      continue;
    }
    if (check.kind === 'short' && !complete) return { kind: 'end', from: at };
    const candidate = bytes.indexOf(FRAME_MAGIC, at + 1);
    if (candidate === -1) {
      // A magic may straddle the end of what has been read so far.
      const keep = complete ? bytes.length : Math.max(at + 1, bytes.length - FRAME_MAGIC.length + 1);
      return { kind: 'end', from: keep };
    }
    at = candidate;
  }
  return { kind: 'end', from: at };
}
