import type { ASTNode } from '@marcbachmann/cel-js';
import { CelFailure } from './cel-failure.js';
import { CelProblem } from './cel-problem.js';
import { type CelType, type CelValue, kindInWords, typeInWords } from './cel-value.js';
import { type CompileChild, type CompiledNode, failedAt, type Scope, textOf } from './compiled-node.js';

/**
 * `&&` and `||`. As CEL says, an operand that fails does not matter when the other one decides: `deciding` is true for
 * `||`. Only the budget ends both.
 */
export function compileLogic(
  node: Extract<ASTNode, { op: '&&' | '||' }>,
  deciding: boolean,
  scope: Scope,
  compile: CompileChild,
): CompiledNode {
  const left = condition(node.args[0], scope, compile);
  const right = condition(node.args[1], scope, compile);
  return {
    type: 'bool',
    at: node.start,
    run: (run) => {
      const a = left(run);
      if (a === deciding) return deciding;
      if (a instanceof CelFailure && a.kind === 'over-budget') return a;
      const b = right(run);
      if (b === deciding || !(a instanceof CelFailure)) return b;
      return b instanceof CelFailure && b.kind === 'over-budget' ? b : a;
    },
  };
}

/** `!condition` */
export function compileNot(
  node: Extract<ASTNode, { op: '!_' }>,
  scope: Scope,
  compile: CompileChild,
): CompiledNode {
  const operand = condition(node.args, scope, compile);
  return {
    type: 'bool',
    at: node.start,
    run: (run) => {
      const value = operand(run);
      return value instanceof CelFailure ? value : !value;
    },
  };
}

/** `condition ? one : other`: the two may have different types. */
export function compileChoice(
  node: Extract<ASTNode, { op: '?:' }>,
  scope: Scope,
  compile: CompileChild,
): CompiledNode {
  const test = condition(node.args[0], scope, compile);
  const one = compile(node.args[1], scope);
  const other = compile(node.args[2], scope);
  const type: CelType = one.type === other.type ? one.type : 'dyn';
  return {
    type,
    at: node.start,
    run: (run) => {
      const value = test(run);
      if (value instanceof CelFailure) return value;
      return value ? one.run(run) : other.run(run);
    },
  };
}

type Condition = (...parameters: Parameters<CompiledNode['run']>) => boolean | CelFailure;

function condition(node: ASTNode, scope: Scope, compile: CompileChild): Condition {
  const { type, at, run: evaluate } = compile(node, scope);
  if (type !== 'bool' && type !== 'dyn') {
    throw new CelProblem(
      `a condition is wanted here, and this gives ${typeInWords(type)}`,
      at,
      hintFor(type),
    );
  }
  const text = textOf(node, scope.state);
  return (run) => {
    const value: CelValue | CelFailure = evaluate(run);
    if (typeof value === 'boolean' || value instanceof CelFailure) return value;
    return failedAt(text, `a condition is wanted here, and it gave ${kindInWords(value)}`);
  };
}

function hintFor(type: CelType): string | undefined {
  if (type === 'int' || type === 'double') return 'compare it with a number';
  return type === 'string' ? 'compare it with a text' : undefined;
}
