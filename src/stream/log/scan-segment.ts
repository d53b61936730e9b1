import { checkFrame, FRAME_MAGIC } from './frame.js';

/** What `nextFrame` found, as offsets into the scanned bytes. */
export type Scanned =
  | { readonly kind: 'frame'; readonly sequence: number; readonly start: number; readonly end: number }
  /** Nothing more can be told from these bytes: go on at `from` when more have been read. */
  | { readonly kind: 'end'; readonly from: number };

/**
 * The next good frame at or behind `offset` whose sequence is not below `minSequence`. Damaged bytes are
 * searched for the next magic that starts a good frame, so that a bad frame costs only itself.
 * `complete` tells that no more bytes follow: a frame that ends behind them is then damage, too.
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
