import { type ASTNode, Environment } from '@marcbachmann/cel-js';
import { ExactNumber, type JsonValue } from '../formats/json/json-value.js';
import { oneLine } from '../lib/printable.js';
import { MappingFailure, type Reading } from './mapped.js';
import { fitsInt64, scaledInteger } from './scaled-integer.js';
import type { CaptureNames } from './topic-pattern.js';

/** True when the rule takes the record, false when it filters it. */
export type Where = (reading: Reading) => boolean | MappingFailure;

export type WhereResult =
  | { readonly ok: true; readonly where: Where; readonly readsPayload: boolean }
  | { readonly ok: false; readonly problem: string };

type CelValue = null | boolean | number | bigint | string | CelValue[] | { [key: string]: CelValue };

/** Unknown variables are found when the rule is compiled, not when the first record comes. */
const environment = new Environment({ unlistedVariablesAreDyn: false })
  .registerVariable('payload', 'dyn')
  .registerVariable('topic', 'dyn')
  .registerVariable('device', 'string')
  .registerVariable('clientId', 'string')
  .registerVariable('qos', 'int');

/** CEL's int is a bigint here. */
const QOS = [0n, 1n, 2n] as const;

/** Compiles a CEL condition once. `captureNames` are those of the rule's topic filter. */
export function compileWhere(expression: string, captureNames: CaptureNames): WhereResult {
  let parsed: ReturnType<typeof environment.parse>;
  try {
    parsed = environment.parse(expression);
  } catch (thrown) {
    // A syntax error of the operator's becomes a problem of the rule.
    return { ok: false, problem: causeOf(thrown) };
  }
  const checked = parsed.check();
  if (!checked.valid) return { ok: false, problem: causeOf(checked.error) };
  if (checked.type !== 'bool' && checked.type !== 'dyn') {
    return { ok: false, problem: `it gives ${checked.type}, not true or false` };
  }
  const unknown = captureNames === 'unknown' ? undefined : unknownCapture(parsed.ast, captureNames);
  if (unknown !== undefined && captureNames !== 'unknown') {
    const known = captureNames.length === 0 ? 'none' : captureNames.join(', ');
    return {
      ok: false,
      problem: `topic.${unknown} is not named by the topic filter (named there: ${known})`,
    };
  }
  return { ok: true, where: whereOf(expression, parsed), readsPayload: /\bpayload\b/.test(expression) };
}

function whereOf(expression: string, evaluate: (context: Record<string, unknown>) => unknown): Where {
  return (reading) => {
    let result: unknown;
    try {
      result = evaluate({
        payload: reading.holdsExact ? celValue(reading.payload) : reading.payload,
        topic: reading.captures,
        device: reading.device,
        clientId: reading.record.clientId,
        qos: QOS[reading.record.qos],
      });
    } catch (thrown) {
      // The library throws for a missing key or a mismatch of types: the record is parked with the cause.
      return failed(expression, withHint(causeOf(thrown)));
    }
    if (typeof result === 'boolean') return result;
    return failed(expression, `it gave ${result === null ? 'null' : typeof result}, not true or false`);
  };
}

/** Plain numbers are CEL doubles; exact integers within int64 become its int, which compares with both. */
function celValue(value: JsonValue): CelValue {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof ExactNumber) {
    const integer = scaledInteger(value.text, 0);
    return typeof integer === 'bigint' && fitsInt64(integer) ? integer : value.toNumber();
  }
  if (Array.isArray(value)) return value.map(celValue);
  const converted: { [key: string]: CelValue } = {};
  for (const key in value) converted[key] = celValue(value[key] as JsonValue);
  return converted;
}

/** The first `topic.name` whose name the filter does not capture. */
function unknownCapture(node: unknown, captureNames: readonly string[]): string | undefined {
  if (Array.isArray(node)) {
    for (const child of node) {
      const found = unknownCapture(child, captureNames);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (!isAstNode(node)) return undefined;
  if (node.op === '.' && node.args[0].op === 'id' && node.args[0].args === 'topic') {
    return captureNames.includes(node.args[1]) ? undefined : node.args[1];
  }
  return unknownCapture(node.args, captureNames);
}

function isAstNode(node: unknown): node is ASTNode {
  return typeof node === 'object' && node !== null && 'op' in node && 'args' in node;
}

function failed(expression: string, cause: string): MappingFailure {
  return new MappingFailure('rule-where-failed', `where \`${oneLine(expression)}\` failed: ${cause}`);
}

/** The library's summary is the first line of its message, without the drawing of the source below it. */
function causeOf(thrown: unknown): string {
  const summary = (thrown as { summary?: unknown } | null | undefined)?.summary;
  if (typeof summary === 'string' && summary !== '') return oneLine(summary);
  return oneLine(thrown instanceof Error ? thrown.message : String(thrown));
}

/** CEL compares int with double but does not calculate with both. */
function withHint(cause: string): string {
  if (!/no such overload: (dyn<double> [-+*/%] int|int [-+*/%] dyn<double>)/.test(cause)) return cause;
  return `${cause} (numbers of a payload are doubles: write 2.0 instead of 2, or int(payload.x))`;
}
