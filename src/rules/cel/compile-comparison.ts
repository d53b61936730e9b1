import type { ASTNode } from '@marcbachmann/cel-js';
import { CelFailure } from './cel-failure.js';
import { CelProblem } from './cel-problem.js';
import { type CelType, typeInWords } from './cel-value.js';
import { areOrdered, isEqual, isIn, isOrdered, type Ordering } from './compare.js';
import { binary, type CompileChild, type CompiledNode, type Scope, textOf } from './compiled-node.js';

/** `payload.state == "on"`, and `!=` */
export function compileEquality(
  node: Extract<ASTNode, { op: '==' | '!=' }>,
  scope: Scope,
  compile: CompileChild,
): CompiledNode {
  const left = compile(node.args[0], scope);
  const right = compile(node.args[1], scope);
  if (!canBeEqual(left.type, right.type)) throw neverEqual(left, right, node, scope);
  const wanted = node.op === '==';
  return {
    type: 'bool',
    at: node.start,
    run: binary(left, right, (a, b, run) => {
      const same = isEqual(a, b, run);
      return same instanceof CelFailure ? same : same === wanted;
    }),
  };
}

function isNumber(type: CelType): boolean {
  return type === 'int' || type === 'double';
}

function canBeEqual(left: CelType, right: CelType): boolean {
  return left === right || left === 'dyn' || right === 'dyn' || (isNumber(left) && isNumber(right));
}

function neverEqual(
  left: CompiledNode,
  right: CompiledNode,
  node: Extract<ASTNode, { op: '==' | '!=' }>,
  { state }: Scope,
): CelProblem {
  const problem = `${typeInWords(left.type)} is never equal to ${typeInWords(right.type)}`;
  const [text, textNode, other] =
    left.type === 'string' ? [left, node.args[0], right] : [right, node.args[1], left];
  if (text.type !== 'string' || !isNumber(other.type)) return new CelProblem(problem, right.at);
  const isNumeric = typeof text.literal === 'string' && /^-?\d+(\.\d+)?$/.test(text.literal);
  const hint = isNumeric
    ? `write ${text.literal as string} without quotes`
    : text.literal === undefined
      ? `convert the text, with double(${textOf(textNode, state)})`
      : undefined;
  return new CelProblem(problem, right.at, hint);
}

/** `payload.x > 5` */
export function compileOrdering(
  node: Extract<ASTNode, { op: Ordering }>,
  scope: Scope,
  compile: CompileChild,
): CompiledNode {
  const operator = node.op;
  const left = compile(node.args[0], scope);
  const right = compile(node.args[1], scope);
  if (!canBeOrdered(left.type, right.type)) {
    const isChain = node.args[0].op === operator || node.args[0].op.startsWith(operator[0] as string);
    throw new CelProblem(
      `cannot compare ${typeInWords(left.type)} with ${typeInWords(right.type)}`,
      left.at,
      isChain ? 'write two comparisons with && between them' : hintFor(left, right),
    );
  }
  const text = textOf(node, scope.state);
  return {
    type: 'bool',
    at: node.start,
    run: binary(
      left,
      right,
      (a, b, run) =>
        typeof a === 'number' && typeof b === 'number'
          ? areOrdered(operator, a, b)
          : isOrdered(operator, a, b, run),
      text,
    ),
  };
}

const ORDERED: readonly CelType[] = ['string', 'bool', 'timestamp', 'duration'];

function canBeOrdered(left: CelType, right: CelType): boolean {
  if (left === 'dyn') return right === 'dyn' || isNumber(right) || ORDERED.includes(right);
  if (right === 'dyn') return isNumber(left) || ORDERED.includes(left);
  return (isNumber(left) && isNumber(right)) || (left === right && ORDERED.includes(left));
}

function hintFor(left: CompiledNode, right: CompiledNode): string | undefined {
  const text = [left, right].find(({ type }) => type === 'string');
  if (text === undefined || ![left, right].some(({ type }) => isNumber(type))) return undefined;
  return text.literal === undefined ? 'convert the text, with double(…)' : 'write the number without quotes';
}

/** `payload.state in ["on", "off"]`, or a key in a map */
export function compileIn(
  node: Extract<ASTNode, { op: 'in' }>,
  scope: Scope,
  compile: CompileChild,
): CompiledNode {
  const value = compile(node.args[0], scope);
  const container = compile(node.args[1], scope);
  if (!['list', 'map', 'dyn'].includes(container.type)) {
    throw new CelProblem(
      `cannot look for something in ${typeInWords(container.type)}`,
      container.at,
      container.type === 'string'
        ? 'a part of a text is found with text.contains(part)'
        : 'write a list: [1, 2]',
    );
  }
  const text = textOf(node, scope.state);
  return {
    type: 'bool',
    at: node.start,
    run: binary(value, container, isIn, text),
  };
}
