import { ZSTDDecoder } from 'zstddec';
import { type Rejected, rejected } from '../payload-format.js';

/** The decoder of the Zstandard project itself, compiled to WebAssembly. */
const decoder = new ZSTDDecoder();
await initialized();

/**
 * Inflates one frame of Zstandard (RFC 8878). Its declared size is checked before anything is decoded, and is all the room
 * that the decoder is given.
 */
export function inflateZstd(
  payload: Buffer,
  maxBytes: number,
): { readonly ok: true; readonly bytes: Buffer } | Rejected {
  const frame = readFrame(payload);
  if (typeof frame === 'string') return notZstd(frame);
  const { size, end } = frame;
  if (size > BigInt(maxBytes)) {
    return rejected(
      'payload-too-large',
      `the payload declares ${size} bytes when it is inflated; at most ${maxBytes} are decoded`,
    );
  }
  if (end !== payload.length)
    return notZstd(`it has ${payload.length - end} bytes behind the end of its frame`);
  // The decoder takes 0 for "not known".
  if (size === 0n) return { ok: true, bytes: Buffer.alloc(0) };
  let bytes: Uint8Array;
  try {
    bytes = decoder.decode(payload, Number(size));
  } catch (thrown) {
    return notZstd((thrown as Error).message);
  }
  // A failure of the decoder shows as fewer bytes.
  if (bytes.length !== Number(size)) return notZstd('its data or its checksum is wrong');
  return { ok: true, bytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length) };
}

interface Frame {
  /** What the frame declares to become. */
  readonly size: bigint;
  /** Where it ends in the payload. */
  readonly end: number;
}

const MAGIC = 0xfd2fb528;
const HEADER_BYTES = 5;
const DICTIONARY_ID_BYTES = [0, 1, 2, 4] as const;
const SIZE_BYTES = [0, 2, 4, 8] as const;
const RLE_BLOCK = 1;
const RESERVED_BLOCK = 3;

/** Reads the header of a frame and the lengths of its blocks; a text says why it is none that is taken. */
function readFrame(payload: Buffer): Frame | string {
  if (payload.length < HEADER_BYTES || payload.readUInt32LE(0) !== MAGIC)
    return 'it does not begin as a frame';
  const descriptor = payload[4] as number;
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const dictionaryBytes = DICTIONARY_ID_BYTES[(descriptor & 3) as 0 | 1 | 2 | 3];
  const declaredBytes = SIZE_BYTES[(descriptor >> 6) as 0 | 1 | 2 | 3];
  const sizeBytes = declaredBytes === 0 && isSingleSegment ? 1 : declaredBytes;
  if (sizeBytes === 0) return 'it does not declare the size of what is in it';
  const dictionaryAt = HEADER_BYTES + (isSingleSegment ? 0 : 1);
  const sizeAt = dictionaryAt + dictionaryBytes;
  const blocksAt = sizeAt + sizeBytes;
  if (blocksAt > payload.length) return ENDS_TOO_EARLY;
  const hasDictionary = payload.subarray(dictionaryAt, sizeAt).some((byte) => byte !== 0);
  if (hasDictionary) return 'it needs a dictionary';
  const end = endOfBlocks(payload, blocksAt);
  if (typeof end === 'string') return end;
  const endOfFrame = end + ((descriptor & 4) !== 0 ? 4 : 0);
  if (endOfFrame > payload.length) return ENDS_TOO_EARLY;
  return { size: sizeOf(payload, sizeAt, sizeBytes), end: endOfFrame };
}

const ENDS_TOO_EARLY = 'it ends too early';

function sizeOf(payload: Buffer, at: number, bytes: number): bigint {
  if (bytes === 8) return payload.readBigUInt64LE(at);
  const size = payload.readUIntLE(at, bytes);
  return BigInt(bytes === 2 ? size + 256 : size);
}

function endOfBlocks(payload: Buffer, from: number): number | string {
  let at = from;
  for (;;) {
    if (at + 3 > payload.length) return ENDS_TOO_EARLY;
    const header = payload.readUIntLE(at, 3);
    const type = (header >> 1) & 3;
    if (type === RESERVED_BLOCK) return 'it has a block of an unknown type';
    at += 3 + (type === RLE_BLOCK ? 1 : header >> 3);
    if ((header & 1) !== 0) return at;
  }
}

function notZstd(problem: string): Rejected {
  return rejected('payload-not-decodable', `the payload is not zstd: ${problem}`);
}

/**
 * Where there is `fetch`, the package loads its own code by a data: URL, and with it an HTTP client: 75 ms of every start. It
 * looks for it before it returns.
 */
function initialized(): Promise<void> {
  const { fetch } = globalThis;
  Object.assign(globalThis, { fetch: undefined });
  const whenReady = decoder.init();
  Object.assign(globalThis, { fetch });
  return whenReady;
}
