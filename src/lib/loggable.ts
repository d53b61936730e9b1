import { printable } from './printable.js';

/** The longest value and the longest sentence in a log line, in UTF-16 units. */
const MAX_VALUE = 256;
const MAX_SENTENCE = 2_048;
const MAX_DEPTH = 4;
const MAX_ENTRIES = 50;
const MAX_STACK_LINES = 20;

/** Makes text safe for a log: a device must not be able to forge lines, control a terminal or flood the log. */
export function loggableText(text: string): string {
  return printable(text, MAX_SENTENCE);
}

/** Makes the fields of a log line safe: texts are escaped and cut, errors and bigints become plain values. */
export function loggable(fields: object, withStack: boolean): Record<string, unknown> {
  return plain(fields, withStack, 0) as Record<string, unknown>;
}

function plain(value: unknown, withStack: boolean, depth: number): unknown {
  switch (typeof value) {
    case 'string':
      return printable(value, MAX_VALUE);
    case 'number':
      // JSON cannot express NaN and Infinity and would write null.
      return Number.isFinite(value) ? value : String(value);
    case 'bigint':
      return value.toString();
    case 'function':
    case 'symbol':
      return typeof value;
    case 'object':
      return value === null ? null : plainObject(value, withStack, depth);
    default:
      return value;
  }
}

function plainObject(value: object, withStack: boolean, depth: number): unknown {
  if (depth > MAX_DEPTH) return '…';
  if (value instanceof Error) return plainError(value, withStack, depth);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
  // Payloads never go into a log.
  if (ArrayBuffer.isView(value)) return `${value.byteLength} bytes`;
  if (Array.isArray(value)) {
    const shown = value.slice(0, MAX_ENTRIES).map((entry) => plain(entry, withStack, depth + 1));
    return value.length > MAX_ENTRIES ? [...shown, `… ${value.length - MAX_ENTRIES} more`] : shown;
  }
  const entries = Object.entries(value);
  const shown = entries
    .slice(0, MAX_ENTRIES)
    .map(([key, inner]) => [printable(key, MAX_VALUE), plain(inner, withStack, depth + 1)]);
  if (entries.length > MAX_ENTRIES) shown.push(['…', `${entries.length - MAX_ENTRIES} more`]);
  return Object.fromEntries(shown);
}

function plainError(thrown: Error, withStack: boolean, depth: number): Record<string, unknown> {
  const { code } = thrown as { code?: unknown };
  return {
    type: printable(thrown.name, MAX_VALUE),
    message: printable(thrown.message, MAX_VALUE),
    ...(typeof code === 'string' ? { code: printable(code, MAX_VALUE) } : {}),
    ...(thrown.cause === undefined ? {} : { cause: plain(thrown.cause, withStack, depth + 1) }),
    ...(withStack ? { stack: stackFrames(thrown) } : {}),
  };
}

/** The frames without the head of the stack, which repeats the message with its line feeds. */
function stackFrames(thrown: Error): string[] {
  const frames = (thrown.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return frames.slice(0, MAX_STACK_LINES).map((line) => printable(line.trim(), MAX_VALUE));
}
