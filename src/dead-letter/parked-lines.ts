/** One line of a dead-letter file; `at` is its byte offset there, which tells lines of equal ids apart. */
export interface ParkedLine {
  readonly at: number;
  readonly bytes: Buffer;
}

export const LINE_FEED = 10;

/** The whole lines of a file, first to last, each a view of `file` without its line feed; a torn tail is none. */
export function* wholeLines(file: Buffer): Generator<ParkedLine> {
  let at = 0;
  for (let end = file.indexOf(LINE_FEED); end >= 0; end = file.indexOf(LINE_FEED, at)) {
    yield { at, bytes: file.subarray(at, end) };
    at = end + 1;
  }
}

/** Bytes up to and with the last line feed: what is behind was never written to its end. */
export function wholeBytes(file: Buffer): number {
  return file.lastIndexOf(LINE_FEED) + 1;
}
