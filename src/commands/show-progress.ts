import { formatSize } from '../lib/quantity.js';

const MIB = 2 ** 20;

/** Shows on a terminal how much is written, in one line; returns what clears it. Elsewhere nothing is shown. */
export function showProgress(stderr: NodeJS.WriteStream = process.stderr): {
  readonly onBytes: (writtenBytes: number) => void;
  readonly clear: () => void;
} {
  let isShown = false;
  return {
    onBytes: (writtenBytes) => {
      if (!stderr.isTTY) return;
      isShown = true;
      stderr.write(`\r${formatSize(Math.floor(writtenBytes / MIB) * MIB)} written\u001b[K`);
    },
    clear: () => {
      if (isShown) stderr.write('\r\u001b[K');
    },
  };
}
