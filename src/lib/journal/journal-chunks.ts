import { ENTRY_HEADER_BYTES, encodeEntry } from './journal-frame.js';

const FIRST_BYTES = 16 * 1024;
const CHUNK_BYTES = 1024 * 1024;

export interface JournalChunk {
  buffer: Buffer;
  lengthBytes: number;
}

/** The frames of entries that were added and are not durable, in order. Buffers are used again. */
export class JournalChunks {
  readonly #salt: number;
  readonly #chunks: JournalChunk[] = [];
  /** So many of them, from the first on, are being written: they take no more entries. */
  #sealed = 0;
  #bytes = 0;
  #spare: JournalChunk | undefined;

  constructor(salt: number) {
    this.#salt = salt;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(entry: Buffer): void {
    const neededBytes = ENTRY_HEADER_BYTES + entry.length;
    const chunk = this.#chunkFor(neededBytes);
    chunk.lengthBytes = encodeEntry(chunk.buffer, chunk.lengthBytes, entry, this.#salt);
    this.#bytes += neededBytes;
  }

  /** Those to write now. They stay here until `written` is called. */
  seal(): readonly JournalChunk[] {
    this.#sealed = this.#chunks.length;
    return this.#chunks.slice();
  }

  /** The sealed ones are durable. */
  written(): void {
    for (const chunk of this.#chunks.splice(0, this.#sealed)) {
      this.#bytes -= chunk.lengthBytes;
      if (chunk.buffer.length > CHUNK_BYTES) continue;
      if (this.#spare !== undefined && this.#spare.buffer.length > chunk.buffer.length) continue;
      chunk.lengthBytes = 0;
      this.#spare = chunk;
    }
    this.#sealed = 0;
  }

  #chunkFor(neededBytes: number): JournalChunk {
    const last = this.#chunks.length > this.#sealed ? this.#chunks.at(-1) : undefined;
    if (last !== undefined) {
      const bytes = last.lengthBytes + neededBytes;
      if (bytes <= last.buffer.length) return last;
      if (bytes <= CHUNK_BYTES) {
        last.buffer = grown(last.buffer, bytes);
        return last;
      }
    }
    const chunk = this.#spare ?? { buffer: Buffer.allocUnsafe(FIRST_BYTES), lengthBytes: 0 };
    this.#spare = undefined;
    if (neededBytes > chunk.buffer.length) chunk.buffer = grown(chunk.buffer, neededBytes);
    this.#chunks.push(chunk);
    return chunk;
  }
}

function grown(buffer: Buffer, neededBytes: number): Buffer {
  const larger = Buffer.allocUnsafe(Math.max(neededBytes, Math.min(CHUNK_BYTES, buffer.length * 2)));
  buffer.copy(larger);
  return larger;
}
