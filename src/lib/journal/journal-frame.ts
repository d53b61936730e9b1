import { crc32 } from 'node:zlib';

/**
 * The bytes of a journal, little endian. Its header:
 *
 *   0   4 bytes  'SLJN'
 *   4   u16  version of this layout
 *   6   u16  version of what its owner writes into entries
 *   8   u32  salt of the checksums: random, so that no entry can hold bytes that pass for a frame
 *   12  u32  CRC-32 of the bytes before
 *
 * and each entry behind it:
 *
 *   0   4 bytes  'SLJE'
 *   4   u32  length of the entry
 *   8   u32  CRC-32 of the eight bytes before, started with the salt: a damaged length is known as such
 *   12  u32  CRC-32 of the entry, started with the salt
 *   16  the entry
 */
export const HEADER_BYTES = 16;
export const ENTRY_HEADER_BYTES = 16;
export const LAYOUT_VERSION = 1;

const HEADER_MAGIC = Buffer.from('SLJN', 'latin1').readUInt32LE(0);
const ENTRY_MAGIC_BYTES = Buffer.from('SLJE', 'latin1');
const ENTRY_MAGIC = ENTRY_MAGIC_BYTES.readUInt32LE(0);

export interface JournalHeader {
  readonly layout: number;
  readonly format: number;
  readonly salt: number;
}

export function encodeHeader({ layout, format, salt }: JournalHeader): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32LE(HEADER_MAGIC, 0);
  header.writeUInt16LE(layout, 4);
  header.writeUInt16LE(format, 6);
  header.writeUInt32LE(salt, 8);
  header.writeUInt32LE(crc32(header.subarray(0, 12)), 12);
  return header;
}

/** Returns undefined when it is no header, or a damaged one. */
export function decodeHeader(bytes: Buffer): JournalHeader | undefined {
  if (bytes.length < HEADER_BYTES || bytes.readUInt32LE(0) !== HEADER_MAGIC) return undefined;
  if (crc32(bytes.subarray(0, 12)) !== bytes.readUInt32LE(12)) return undefined;
  return { layout: bytes.readUInt16LE(4), format: bytes.readUInt16LE(6), salt: bytes.readUInt32LE(8) };
}

/** Writes the frame of an entry at `offset`, which has room for it, and returns the offset behind it. */
export function encodeEntry(target: Buffer, offset: number, entry: Buffer, salt: number): number {
  target.writeUInt32LE(ENTRY_MAGIC, offset);
  target.writeUInt32LE(entry.length, offset + 4);
  target.writeUInt32LE(crc32(target.subarray(offset, offset + 8), salt), offset + 8);
  target.writeUInt32LE(crc32(entry, salt), offset + 12);
  entry.copy(target, offset + ENTRY_HEADER_BYTES);
  return offset + ENTRY_HEADER_BYTES + entry.length;
}

export type ScannedEntry =
  /** The entry is in the bytes from `start` to `end`. */
  | { readonly kind: 'entry'; readonly start: number; readonly end: number }
  /** No entry begins at the offset; one may at `next`. */
  | { readonly kind: 'damage'; readonly next: number }
  /** The bytes end before the frame does, which has `lengthBytes`. */
  | { readonly kind: 'short'; readonly lengthBytes: number };

/** Looks at the frame at `offset`. */
export function scanEntry(bytes: Buffer, offset: number, salt: number): ScannedEntry {
  if (bytes.length - offset < ENTRY_HEADER_BYTES) return { kind: 'short', lengthBytes: ENTRY_HEADER_BYTES };
  if (
    bytes.readUInt32LE(offset) !== ENTRY_MAGIC ||
    crc32(bytes.subarray(offset, offset + 8), salt) !== bytes.readUInt32LE(offset + 8)
  ) {
    return { kind: 'damage', next: nextMagic(bytes, offset + 1) };
  }
  const start = offset + ENTRY_HEADER_BYTES;
  const end = start + bytes.readUInt32LE(offset + 4);
  if (end > bytes.length) return { kind: 'short', lengthBytes: end - offset };
  const isGood = crc32(bytes.subarray(start, end), salt) === bytes.readUInt32LE(offset + 12);
  return isGood ? { kind: 'entry', start, end } : { kind: 'damage', next: end };
}

/** Where the next frame may begin: at the magic, or where a part of it may be at the end of the bytes. */
export function nextMagic(bytes: Buffer, from: number): number {
  const at = bytes.indexOf(ENTRY_MAGIC_BYTES, from);
  return at === -1 ? Math.max(from, bytes.length - ENTRY_MAGIC_BYTES.length + 1) : at;
}
