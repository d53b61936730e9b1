import type { Point } from '../sink.js';
import { LineEncoder } from './line.js';

/** Writes points as lines for a person to read, also those that have no line. */
export function newLineText(): (point: Point) => string {
  const encoder = new LineEncoder();
  return (point) => {
    const line = encoder.encode(point);
    return typeof line === 'string' ? line : `(cannot be written: ${line.reason})`;
  };
}
