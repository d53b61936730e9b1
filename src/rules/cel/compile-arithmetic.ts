import type { ASTNode } from '@marcbachmann/cel-js';
import { calculate, mismatch, negate, type Operator, resultType } from './arithmetic.js';
import { CelFailure } from './cel-failure.js';
import { CelProblem } from './cel-problem.js';
import { typeInWords } from './cel-value.js';
import { compileLiteral } from './compile-literal.js';
import {
  binary,
  type CompileChild,
  type CompiledNode,
  failedAt,
  type Scope,
  textOf,
} from './compiled-node.js';

/** `payload.c * 1.8 + 32` */
export function compileArithmetic(
  node: Extract<ASTNode, { op: Operator }>,
  scope: Scope,
  compile: CompileChild,
): CompiledNode {
  const operator = node.op;
  const left = compile(node.args[0], scope);
  const right = compile(node.args[1], scope);
  const type = resultType(operator, left.type, right.type);
  if (type === undefined) {
    const problem = mismatch(operator, typeInWords(left.type), typeInWords(right.type));
    throw new CelProblem(problem, left.at, hintFor(operator, left, right));
  }
  const text = textOf(node, scope.state);
  return {
    type,
    at: node.start,
    run: binary(left, right, (a, b, run) => calculate(operator, a, b, run), text),
  };
}

function hintFor(operator: Operator, left: CompiledNode, right: CompiledNode): string | undefined {
  const types = [left.type, right.type];
  if (!types.includes('string')) return undefined;
  if (operator === '+') return 'convert the number, with string(…)';
  return types.includes('int') || types.includes('double') ? 'convert the text, with double(…)' : undefined;
}

/** `-payload.x` */
export function compileMinus(
  node: Extract<ASTNode, { op: '-_' }>,
  scope: Scope,
  compile: CompileChild,
): CompiledNode {
  const operand = node.args;
  // The smallest int is only in range with its sign.
  if (operand.op === 'value' && (typeof operand.args === 'bigint' || typeof operand.args === 'number')) {
    return compileLiteral(-operand.args, node.start);
  }
  const value = compile(operand, scope);
  if (value.type !== 'int' && value.type !== 'double' && value.type !== 'dyn') {
    throw new CelProblem(`cannot negate ${typeInWords(value.type)}`, node.start);
  }
  const text = textOf(node, scope.state);
  return {
    type: value.type,
    at: node.start,
    run: (run) => {
      const positive = value.run(run);
      if (positive instanceof CelFailure) return positive;
      const result = negate(positive);
      return result instanceof CelFailure ? failedAt(text, result.cause) : result;
    },
  };
}
