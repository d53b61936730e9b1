import type { JournalFile } from './journal-files.js';

/** Writes the first `lengthBytes` of a buffer, in as many calls as it takes. */
export async function writeFully(
  file: JournalFile,
  buffer: Buffer,
  lengthBytes: number,
  position: number,
): Promise<void> {
  let written = 0;
  while (written < lengthBytes) {
    const { bytesWritten } = await file.write(buffer, written, lengthBytes - written, position + written);
    written += bytesWritten;
  }
}
