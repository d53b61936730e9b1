import type { JournalFile } from './journal-files.js';
import { ENTRY_HEADER_BYTES, HEADER_BYTES, nextMagic, scanEntry } from './journal-frame.js';

const CHUNK_BYTES = 1024 * 1024;

export interface ReadJournal {
  readonly entries: number;
  /** Behind the last good entry: what follows is a write that was never finished. */
  readonly endBytes: number;
  /** Damage that good entries follow. */
  readonly damage: JournalDamage | undefined;
}

export interface JournalDamage {
  /** Where the first damaged part begins. */
  readonly byteOffset: number;
  readonly bytes: number;
  readonly places: number;
}

/** Reads all good entries behind the header, in order, whatever is between them. `onEntry` gets a view that is valid during the call. */
export async function readJournal(
  file: JournalFile,
  { sizeBytes, salt }: { readonly sizeBytes: number; readonly salt: number },
  onEntry: (entry: Buffer) => void,
): Promise<ReadJournal> {
  let buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  /** What `buffer` holds: so many bytes of the file, from this position. */
  let position = HEADER_BYTES;
  let heldBytes = 0;
  let entries = 0;
  let endBytes = HEADER_BYTES;
  let byteOffset = 0;
  let bytes = 0;
  let places = 0;
  for (;;) {
    const read = await readFully(
      file,
      buffer,
      heldBytes,
      Math.max(0, sizeBytes - position - heldBytes),
      position,
    );
    heldBytes += read;
    const isLast = position + heldBytes >= sizeBytes || read === 0;
    const held = buffer.subarray(0, heldBytes);
    let at = 0;
    let neededBytes = ENTRY_HEADER_BYTES;
    while (at < heldBytes) {
      const scanned = scanEntry(held, at, salt);
      if (scanned.kind === 'entry') {
        const begin = position + scanned.start - ENTRY_HEADER_BYTES;
        if (begin > endBytes) {
          if (places === 0) byteOffset = endBytes;
          places += 1;
          bytes += begin - endBytes;
        }
        onEntry(held.subarray(scanned.start, scanned.end));
        entries += 1;
        at = scanned.end;
        endBytes = position + at;
      } else if (scanned.kind === 'damage') {
        at = scanned.next;
      } else {
        neededBytes = scanned.lengthBytes;
        // A frame that the file ends in is unfinished, or its end is gone: good ones may follow its header.
        if (position + at + neededBytes <= sizeBytes && !isLast) break;
        at = nextMagic(held, at + 1);
        neededBytes = ENTRY_HEADER_BYTES;
        if (!isLast && at + ENTRY_HEADER_BYTES > heldBytes) break;
      }
    }
    if (isLast) break;
    const kept = held.subarray(Math.min(at, heldBytes));
    if (neededBytes > buffer.length) {
      const larger = Buffer.allocUnsafe(neededBytes);
      kept.copy(larger);
      buffer = larger;
    } else {
      buffer.copyWithin(0, at, heldBytes);
    }
    position += heldBytes - kept.length;
    heldBytes = kept.length;
  }
  return { entries, endBytes, damage: places === 0 ? undefined : { byteOffset, bytes, places } };
}

/** Fills `buffer` from `offset` on, with at most `lengthBytes` of the file from `position + offset` on. */
async function readFully(
  file: JournalFile,
  buffer: Buffer,
  offset: number,
  lengthBytes: number,
  position: number,
): Promise<number> {
  const wantedBytes = Math.min(lengthBytes, buffer.length - offset);
  let readBytes = 0;
  while (readBytes < wantedBytes) {
    const at = offset + readBytes;
    const { bytesRead } = await file.read(buffer, at, wantedBytes - readBytes, position + at);
    if (bytesRead === 0) break;
    readBytes += bytesRead;
  }
  return readBytes;
}
