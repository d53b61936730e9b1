import { ExactNumber, type JsonValue } from '../formats/json/json-value.js';
import { quoted } from '../lib/printable.js';
import { epochNs, UNIT_WORDS, withoutFinerDigits } from './epoch.js';
import { MappingFailure, type Reading } from './mapped.js';
import type { Getter } from './reference.js';
import type { TimeSpanOptions } from './rule-options.js';
import { plainNumber } from './value-words.js';

/** What is added to a device time, in ns. */
export type TimeShift = (reading: Reading) => bigint | MappingFailure;

export interface SpanSource {
  readonly get: Getter;
  /** For reasons. */
  readonly text: string;
  readonly unit: TimeSpanOptions['unit'];
}

export interface TimeShiftParts {
  /** The span between two elements: ns, or where it comes from. */
  readonly interval?: bigint | SpanSource;
  /** The variable with the index of the element. */
  readonly index?: string;
  readonly offset?: SpanSource;
}

/** Undefined when nothing is added. */
export function timeShift({ interval, index, offset }: TimeShiftParts): TimeShift | undefined {
  if (interval === undefined && offset === undefined) return undefined;
  return (reading) => {
    let shiftNs = 0n;
    if (interval !== undefined && index !== undefined) {
      const stepNs = typeof interval === 'bigint' ? interval : spanNs(interval, reading);
      if (stepNs instanceof MappingFailure) return stepNs;
      const position = reading.variables?.[index];
      shiftNs += stepNs * BigInt(typeof position === 'number' ? position : 0);
    }
    if (offset === undefined) return shiftNs;
    const addedNs = spanNs(offset, reading);
    return addedNs instanceof MappingFailure ? addedNs : shiftNs + addedNs;
  };
}

/** A span that is not there is zero. */
function spanNs({ get, text, unit }: SpanSource, reading: Reading): bigint | MappingFailure {
  const value = get(reading);
  if (value instanceof MappingFailure) return value;
  if (value === undefined || value === null) return 0n;
  const number = numberText(value);
  if (number !== undefined) {
    const ns = epochNs(number, unit);
    const truncated = ns === 'fraction' ? epochNs(withoutFinerDigits(number, unit), unit) : ns;
    if (typeof truncated === 'bigint') return truncated;
  }
  const shown = quoted(typeof value === 'string' ? value : (number ?? JSON.stringify(value)));
  return new MappingFailure(
    'time-unreadable',
    `the span "${text}" is ${shown}, not a number of ${UNIT_WORDS[unit]}`,
  );
}

function numberText(value: JsonValue): string | undefined {
  if (typeof value === 'number') return String(value);
  if (value instanceof ExactNumber) return value.text;
  return typeof value === 'string' ? plainNumber(value) : undefined;
}
