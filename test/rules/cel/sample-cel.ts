import type { JsonValue } from '../../../src/formats/json/json-value.js';
import { ExactNumber } from '../../../src/formats/json/json-value.js';
import {
  CelFailure,
  type CelNames,
  type CompiledCel,
  compileCel,
} from '../../../src/rules/cel/compile-cel.js';
import type { Reading } from '../../../src/rules/mapped.js';
import { sampleReading } from '../sample-record.js';

export const NAMES: CelNames = { captureNames: ['city', 'device'], variables: ['element', 'index'] };

export function compiled(expression: string, names: CelNames = NAMES): CompiledCel {
  const result = compileCel(expression, names);
  if (!result.ok) throw new Error(`${expression}: ${result.problem}`);
  return result.cel;
}

/** The value for a payload, exact numbers as their text; a failure as `kind: cause`. */
export function evaluated(expression: string, payload: string, overrides: Partial<Reading> = {}): unknown {
  return shown(compiled(expression).evaluate(sampleReading(payload, overrides)));
}

export function shown(value: JsonValue | CelFailure): unknown {
  if (value instanceof CelFailure) return `${value.kind}: ${value.cause}`;
  return value instanceof ExactNumber ? value.text : value;
}

/** What is wrong with an expression: where, the sentence, and the fix. */
export function problemOf(expression: string, names: CelNames = NAMES): readonly [number?, string?, string?] {
  const result = compileCel(expression, names);
  return result.ok ? [] : [result.at, result.problem, result.hint];
}
