/**
 * Bytes of a message that waits for clients, as a string with a character for each byte (Latin-1). A Buffer of its own costs four
 * times as much to make and to collect, and a part of Node's pool would keep all 8 KiB of it.
 */
export type KeptBytes = string & { readonly __keptBytes: never };

/** Copies the bytes. */
export function keepBytes(bytes: Buffer): KeptBytes {
  return bytes.toString('latin1') as KeptBytes;
}

/** In memory of Node's pool: they are to be copied in the same turn of the event loop. */
export function keptBuffer(kept: KeptBytes): Buffer {
  return Buffer.from(kept, 'latin1');
}

/** Writes the bytes at an offset, where there must be room for them. */
export function writeKept(kept: KeptBytes, target: Buffer, at: number): void {
  target.write(kept, at, 'latin1');
}
