import type { JsonValue } from '../formats/json/json-value.js';
import type { Field } from '../sink/point.js';
import { isoTime } from './epoch.js';
import { createMappingWarningCounts, MappingFailure, type Reading } from './mapped.js';
import type { Origin } from './reference.js';
import { type FieldShape, toField } from './typed-field.js';

// What the readers of a rule report of one value. They call these functions only when somebody asks for an explanation.

interface TracedField extends FieldShape {
  readonly origin?: Origin;
  readonly fallback?: Field;
  readonly expected?: readonly [number, number];
}

/** Reports a named field: what was found, what `prepare` made of it, and what is stored. */
export function traceField(
  reading: Reading,
  reader: TracedField,
  found: JsonValue | undefined,
  prepared: JsonValue | undefined,
  field: Field | MappingFailure | undefined,
): void {
  const value = { target: 'field', name: reader.name, from: reader.origin?.(reading) ?? '', found } as const;
  const problem = fieldProblem(reader, found, prepared);
  if (field === undefined || field instanceof MappingFailure) {
    reading.trace?.value({ ...value, omitted: field?.reason ?? problem ?? 'it has no value' });
    return;
  }
  const instead =
    problem === undefined
      ? undefined
      : `${problem}; ${field === reader.fallback ? 'the default' : 'the nearer end of the range'} is used`;
  const note = outsideExpected(reader, field);
  reading.trace?.value({
    ...value,
    became: String(field.value),
    ...(instead !== undefined && { instead }),
    ...(note !== undefined && { note }),
  });
}

function outsideExpected({ expected }: TracedField, { value }: Field): string | undefined {
  if (expected === undefined || (typeof value !== 'number' && typeof value !== 'bigint')) return undefined;
  const [low, high] = expected;
  return value < low || value > high ? `outside expected ${low}..${high}` : undefined;
}

/** Why the value itself cannot be stored. */
function fieldProblem(
  reader: TracedField,
  found: JsonValue | undefined,
  prepared: JsonValue | undefined,
): string | undefined {
  if (found === undefined) return 'it is not there';
  if (prepared === undefined || prepared === null || prepared === '') {
    if (prepared === '' && (reader.type === undefined || reader.type === 'string')) return undefined;
    return prepared === null && found !== null ? 'it means "no value"' : 'it has no value';
  }
  const field = toField(reader, prepared, createMappingWarningCounts());
  return field instanceof MappingFailure ? field.reason : undefined;
}

/** What was found as a time, what it was read as, whether that is accepted, and which time is used. */
interface TracedTime {
  readonly from: string;
  readonly found: JsonValue | undefined;
  readonly ns: bigint | MappingFailure | undefined;
  readonly judged: bigint | MappingFailure | undefined;
  /** Absent when another key, or the receive time, is tried next. */
  readonly used: bigint | MappingFailure | undefined;
}

/** Reports the time of a point. */
export function traceTime(reading: Reading, { from, found, ns, judged, used }: TracedTime): void {
  const value = { target: 'time', name: 'time', from, found } as const;
  if (typeof used === 'bigint' && used === ns) {
    reading.trace?.value({ ...value, became: isoTime(used) });
    return;
  }
  const problem = judged instanceof MappingFailure ? judged.reason : absentTime(found);
  if (typeof used !== 'bigint') {
    reading.trace?.value({ ...value, omitted: problem });
    return;
  }
  const what = used === reading.record.receivedAtNs ? 'the receive time' : 'the nearer end of the window';
  reading.trace?.value({ ...value, became: isoTime(used), instead: `${problem}; ${what} is used` });
}

function absentTime(found: JsonValue | undefined): string {
  if (found === undefined) return 'it is not there';
  return found === null ? 'it is null' : 'the clock of the device was never set';
}

export function traceReceiveTime(reading: Reading): void {
  const became = isoTime(reading.record.receivedAtNs);
  reading.trace?.value({ target: 'time', name: 'time', from: 'the receive time', found: undefined, became });
}
