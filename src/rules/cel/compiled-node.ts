import type { ASTNode } from '@marcbachmann/cel-js';
import { oneLine } from '../../lib/printable.js';
import type { CaptureNames } from '../topic-pattern.js';
import { CelFailure } from './cel-failure.js';
import type { CelRun } from './cel-run.js';
import type { CelType, CelValue } from './cel-value.js';

/** A part of an expression, ready to run. */
export interface CompiledNode {
  readonly type: CelType;
  /** Where it begins in the expression. */
  readonly at: number;
  /** The value, where it is written in the expression. */
  readonly literal?: CelValue;
  readonly run: (run: CelRun) => CelValue | CelFailure;
}

/** What the parts of one expression share while it is compiled. */
export interface CompileState {
  readonly expression: string;
  readonly captureNames: CaptureNames;
  readonly variables: readonly string[];
  /** Root names that were read so far. */
  readonly reads: Set<string>;
  /** Nodes compiled so far: what a macro charges for its body follows from it. */
  nodes: number;
  /** Slots given to variables of macros so far. */
  slots: number;
}

/** What is around one part of an expression. */
export interface Scope {
  readonly state: CompileState;
  /** Variables of the macros around it, by name. */
  readonly locals: ReadonlyMap<string, { readonly slot: number; readonly type: CelType }>;
  /** How many nodes are around it. */
  readonly depth: number;
  /** How many macros around it walk something of unknown length. */
  readonly loops: number;
}

export type CompileChild = (node: ASTNode, scope: Scope) => CompiledNode;

/** Where the name of a method stands: the library gives the place of its receiver. */
export function methodAt(node: Extract<ASTNode, { op: 'rcall' }>, { expression }: CompileState): number {
  const [name, receiver] = node.args;
  return Math.max(expression.indexOf(name, receiver.end), node.start);
}

type Operate = (left: CelValue, right: CelValue, run: CelRun) => CelValue | CelFailure;

/**
 * Runs both operands of an operator, and then the operator. A failure of an operand is the result.
 *
 * @param text the operation in the words of the expression, for its own failures; they stand as they are without it
 */
export function binary(
  left: CompiledNode,
  right: CompiledNode,
  operate: Operate,
  text?: string,
): CompiledNode['run'] {
  return (run) => {
    const a = left.run(run);
    if (a instanceof CelFailure) return a;
    const b = right.run(run);
    if (b instanceof CelFailure) return b;
    const result = operate(a, b, run);
    const isNamed = text !== undefined && result instanceof CelFailure && result.kind === 'failed';
    return isNamed ? failedAt(text, result.cause) : result;
  };
}

const MAX_SHOWN = 60;

/** A failure that names the operation in the words of the expression. */
export function failedAt(text: string, cause: string): CelFailure {
  return new CelFailure('failed', `${text}: ${cause}`);
}

/** The text of a node. The library omits parentheses at its ends, so they are added again. */
export function textOf(node: ASTNode, { expression }: CompileState): string {
  let [start, end] = [node.start, node.end];
  for (;;) {
    // Brackets inside text do not count.
    const bare = expression.slice(start, end).replace(/"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'/g, '');
    const balance = unmatched(bare);
    if (balance.opening === 0 && balance.closing === 0) break;
    const before = balance.closing > 0 ? expression.lastIndexOf('(', start - 1) : start;
    const after = balance.opening > 0 ? expression.indexOf(')', end) + 1 : end;
    if (before < 0 || after === 0 || (before === start && after === end)) break;
    [start, end] = [before, after];
  }
  const text = oneLine(expression.slice(start, end));
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}…`;
}

function unmatched(text: string): { readonly opening: number; readonly closing: number } {
  let [opening, closing] = [0, 0];
  for (const character of text) {
    if (character === '(') opening += 1;
    else if (character === ')' && opening > 0) opening -= 1;
    else if (character === ')') closing += 1;
  }
  return { opening, closing };
}
