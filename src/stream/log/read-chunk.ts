/**
 * ReadChunk is a buffer that the reader fills and that payloads of batches are views of. It is reused when no batch
 * needs it any more: at full speed the reader reads tens of MB a second, and memory outside the heap is freed late.
 */
export class ReadChunk {
  readonly buffer: Buffer;
  /** How many use it: the reader itself, and each batch with a payload in it. */
  users = 1;

  constructor(bytes: number) {
    this.buffer = Buffer.allocUnsafeSlow(bytes);
  }
}

export const CHUNK_BYTES = 1024 * 1024;
/** Enough for a batch of 8 MiB, another one that is being prepared, and the reader's own chunk. */
const MAX_SPARE = 8;

export class ReadChunkPool {
  readonly #spare: ReadChunk[] = [];

  /** A chunk with room for at least `bytes`, used by the caller. */
  take(bytes: number): ReadChunk {
    const spare = bytes <= CHUNK_BYTES ? this.#spare.pop() : undefined;
    if (spare === undefined) return new ReadChunk(Math.max(bytes, CHUNK_BYTES));
    spare.users = 1;
    return spare;
  }

  release(chunk: ReadChunk): void {
    chunk.users -= 1;
    if (chunk.users > 0 || chunk.buffer.length > CHUNK_BYTES || this.#spare.length >= MAX_SPARE) return;
    this.#spare.push(chunk);
  }
}
