const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

export interface BoundedLine {
  /** Counts 1, 2, 3 … */
  readonly number: number;
  /** Without its line end; absent when the line is too long. */
  readonly bytes?: Buffer;
}

/** Reads lines as they come, however long the stream is; of a line over `maxBytes` nothing is kept. */
export async function* boundedLines(
  chunks: AsyncIterable<Buffer | string>,
  maxBytes: number,
): AsyncGenerator<BoundedLine> {
  let number = 0;
  let parts: Buffer[] = [];
  let length = 0;
  const add = (part: Buffer) => {
    length += part.length;
    if (length <= maxBytes) parts.push(part);
    else parts = [];
  };
  const end = (): BoundedLine => {
    number += 1;
    const line = length > maxBytes ? { number } : { number, bytes: withoutReturn(Buffer.concat(parts)) };
    parts = [];
    length = 0;
    return line;
  };
  for await (const chunk of chunks) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    let start = 0;
    for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED, start)) {
      add(bytes.subarray(start, at));
      yield end();
      start = at + 1;
    }
    if (start < bytes.length) add(bytes.subarray(start));
  }
  if (length > 0) yield end();
}

function withoutReturn(line: Buffer): Buffer {
  return line.at(-1) === CARRIAGE_RETURN ? line.subarray(0, -1) : line;
}
