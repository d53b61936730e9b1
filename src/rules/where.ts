import { kindOf } from '../formats/json/json-value.js';
import { oneLine } from '../lib/printable.js';
import { CelFailure } from './cel/cel-failure.js';
import { typeInWords } from './cel/cel-value.js';
import { type CelNames, compileCel } from './cel/compile-cel.js';
import { traceCondition } from './cel/trace-condition.js';
import { MappingFailure, type Reading } from './mapped.js';

/** True when the rule takes the record, false when it filters it. */
export type Where = (reading: Reading) => boolean | MappingFailure;

export type WhereResult =
  | {
      readonly ok: true;
      readonly where: Where;
      readonly readsPayload: boolean;
      /** Whether it asks for what `each` names. */
      readonly readsVariable: boolean;
    }
  | { readonly ok: false; readonly problem: string; readonly at?: number; readonly hint?: string };

/** Compiles a CEL condition once. */
export function compileWhere(expression: string, names: CelNames): WhereResult {
  const compiled = compileCel(expression, names);
  if (!compiled.ok) return compiled;
  const { cel } = compiled;
  if (cel.type !== 'bool' && cel.type !== 'dyn') {
    const problem = `it gives ${typeInWords(cel.type)}, not true or false`;
    return { ok: false, problem, at: 0, hint: 'compare it with something, as in payload.temperature > 5' };
  }
  const where: Where = (reading) => {
    const result = cel.evaluate(reading);
    if (reading.trace !== undefined) {
      traceCondition(reading, expression, cel.ast, typeof result === 'boolean' ? result : undefined);
    }
    if (typeof result === 'boolean') return result;
    if (result instanceof CelFailure) return failed(expression, result);
    return failed(expression, new CelFailure('failed', `it gave ${kindOf(result)}, not true or false`));
  };
  const readsVariable = (names.variables ?? []).some((name) => cel.reads.has(name));
  // A variable is a part of the payload.
  return { ok: true, where, readsVariable, readsPayload: readsVariable || cel.reads.has('payload') };
}

function failed(expression: string, { kind, cause }: CelFailure): MappingFailure {
  const code = kind === 'over-budget' ? 'rule-over-budget' : 'rule-where-failed';
  return new MappingFailure(code, `where \`${oneLine(expression)}\` failed: ${cause}`);
}
