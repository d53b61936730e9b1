import { Environment } from '@marcbachmann/cel-js';
import { ExactNumber, type JsonValue } from '../../formats/json/json-value.js';
import { oneLine } from '../../lib/printable.js';
import type { Reading } from '../mapped.js';
import { fitsInt64, scaledInteger } from '../scaled-integer.js';
import type { CaptureNames } from '../topic-pattern.js';
import { CelFailure } from './cel-failure.js';

export { CelFailure } from './cel-failure.js';

/** The names that an expression may use besides payload, topic, device, clientId and qos. */
export interface CelNames {
  readonly captureNames: CaptureNames;
  /** What `each` of the rule names. */
  readonly variables?: readonly string[];
}

export type CelResult =
  | { readonly ok: true; readonly cel: CompiledCel }
  | { readonly ok: false; readonly problem: string; readonly at?: number; readonly hint?: string };

export interface CompiledCel {
  /** The static type: 'bool', 'dyn', 'double', … */
  readonly type: string;
  /** The root names that the expression reads: payload, topic, device, clientId, qos, or a variable. */
  readonly reads: ReadonlySet<string>;
  evaluate(reading: Reading): JsonValue | CelFailure;
}

const ROOTS = ['payload', 'topic', 'device', 'clientId', 'qos'];

/** Compiles an expression once. */
export function compileCel(expression: string, names: CelNames): CelResult {
  const environment = new Environment({ homogeneousAggregateLiterals: false })
    .registerVariable('payload', 'dyn')
    .registerVariable('topic', 'dyn')
    .registerVariable('device', 'string')
    .registerVariable('clientId', 'string')
    .registerVariable('qos', 'int');
  for (const name of names.variables ?? []) environment.registerVariable(name, 'dyn');
  let parsed: ReturnType<typeof environment.parse>;
  try {
    parsed = environment.parse(expression);
  } catch (thrown) {
    return { ok: false, problem: causeOf(thrown) };
  }
  const checked = parsed.check();
  if (!checked.valid) return { ok: false, problem: causeOf(checked.error) };
  if (names.captureNames !== 'unknown') {
    const { captureNames } = names;
    const unknown = [...expression.matchAll(/\btopic\.(\w+)/g)].find(
      ([, name]) => !captureNames.includes(name!),
    );
    if (unknown !== undefined) {
      const named = captureNames.length === 0 ? 'none' : captureNames.join(', ');
      const problem = `${unknown[0]} is not named by the topic filter (named there: ${named})`;
      return { ok: false, problem, at: unknown.index };
    }
  }
  const known = [...ROOTS, ...(names.variables ?? [])];
  const reads = new Set(known.filter((name) => new RegExp(`\\b${name}\\b`).test(expression)));
  return {
    ok: true,
    cel: {
      type: checked.type ?? 'dyn',
      reads,
      evaluate(reading) {
        try {
          const context: Record<string, unknown> = {
            topic: reading.captures,
            device: reading.device,
            clientId: reading.record.clientId,
            qos: BigInt(reading.record.qos),
            payload: celValue(reading.payload),
          };
          for (const name of names.variables ?? [])
            context[name] = celValue(reading.variables?.[name] ?? null);
          return jsonValue(parsed(context));
        } catch (thrown) {
          const cause = causeOf(thrown);
          return new CelFailure(cause.startsWith('No such key') ? 'no-key' : 'failed', cause);
        }
      },
    },
  };
}

function celValue(value: JsonValue): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof ExactNumber) {
    const integer = scaledInteger(value.text, 0);
    return typeof integer === 'bigint' && fitsInt64(integer) ? integer : value.toNumber();
  }
  if (Array.isArray(value)) return value.map(celValue);
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, celValue(member)]));
}

function jsonValue(value: unknown): JsonValue {
  if (typeof value === 'bigint') {
    return Number.isSafeInteger(Number(value)) ? Number(value) : new ExactNumber(String(value));
  }
  if (Array.isArray(value)) return value.map(jsonValue);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, jsonValue(member)]));
  }
  return value as JsonValue;
}

/** The library's summary is the first line of its message, without the drawing of the source below it. */
function causeOf(thrown: unknown): string {
  const summary = (thrown as { summary?: unknown } | null | undefined)?.summary;
  if (typeof summary === 'string' && summary !== '') return oneLine(summary);
  return oneLine(thrown instanceof Error ? thrown.message : String(thrown));
}
