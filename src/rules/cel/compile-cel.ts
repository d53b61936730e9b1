import { type ASTNode, Environment } from '@marcbachmann/cel-js';
import type { JsonValue } from '../../formats/json/json-value.js';
import type { Reading } from '../mapped.js';
import type { CaptureNames } from '../topic-pattern.js';
import { CelFailure } from './cel-failure.js';
import { CelProblem } from './cel-problem.js';
import { CelRun } from './cel-run.js';
import type { CelType } from './cel-value.js';
import { compileNode } from './compile-node.js';
import type { CompiledNode, CompileState } from './compiled-node.js';
import { jsonOf } from './convert-value.js';
import { syntaxProblem } from './syntax-problem.js';

export { CelFailure } from './cel-failure.js';

/** The names that an expression may use besides payload, topic, device, clientId, user, properties and qos. */
export interface CelNames {
  readonly captureNames: CaptureNames;
  /** What `each` of the rule names. */
  readonly variables?: readonly string[];
}

export type CelResult =
  | { readonly ok: true; readonly cel: CompiledCel }
  | {
      readonly ok: false;
      /** One plain sentence. */
      readonly problem: string;
      /** UTF-16 offset into the expression; absent when all of it is meant. */
      readonly at?: number;
      /** The nearest fix, where one is known. */
      readonly hint?: string;
    };

export interface CompiledCel {
  /** The static type: 'bool', 'dyn', 'double', … */
  readonly type: CelType;
  /** The root names that the expression reads: payload, topic, device, clientId, user, properties, qos, or a variable. */
  readonly reads: ReadonlySet<string>;
  /** The tree of the expression, for an explanation. */
  readonly ast: ASTNode;
  /** Calculates the value for a reading. The same reading gives the same value, or the same failure. */
  evaluate(reading: Reading): JsonValue | CelFailure;
}

export const CEL_MAX_CHARACTERS = 4_096;
/** Brackets inside one another, and steps of a path. */
export const CEL_MAX_DEPTH = 64;

const parser = new Environment({ limits: { maxDepth: CEL_MAX_DEPTH } });

/** Compiles an expression once. */
export function compileCel(expression: string, names: CelNames): CelResult {
  if (expression.length > CEL_MAX_CHARACTERS) {
    const problem = `the expression has ${expression.length} characters, and may have ${CEL_MAX_CHARACTERS}`;
    return { ok: false, problem };
  }
  const state: CompileState = {
    expression,
    captureNames: names.captureNames,
    variables: names.variables ?? [],
    reads: new Set(),
    nodes: 0,
    slots: 0,
  };
  const comment = numberInComment(expression);
  if (comment !== undefined) {
    return { ok: false, problem: '// begins a comment', at: comment, hint: 'write / to divide' };
  }
  try {
    const ast = parse(expression);
    const node = compileNode(ast, { state, locals: new Map(), depth: 0, loops: 0 });
    return { ok: true, cel: new RunnableCel(ast, node, state) };
  } catch (thrown) {
    if (!(thrown instanceof CelProblem)) throw thrown;
    return { ok: false, problem: thrown.message, at: thrown.at, hint: thrown.hint };
  }
}

const QUOTED_OR_COMMENT = /"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|\/\/[^\n]*/g;

/** Where a comment is only a number or a reference: `payload.t // 2` is a division of another language. */
function numberInComment(expression: string): number | undefined {
  for (const { 0: token, index } of expression.matchAll(QUOTED_OR_COMMENT)) {
    if (/^\/\/ *(?:\d+(?:\.\d+)?|payload\.[\w.]+) *$/.test(token)) return index;
  }
  return undefined;
}

function parse(expression: string): ReturnType<typeof parser.parse>['ast'] {
  try {
    return parser.parse(expression).ast;
  } catch (thrown) {
    throw syntaxProblem(expression, thrown);
  }
}

class RunnableCel implements CompiledCel {
  readonly type: CelType;
  readonly reads: ReadonlySet<string>;
  readonly ast: ASTNode;
  readonly #run: CelRun;
  readonly #node: CompiledNode;

  constructor(ast: ASTNode, node: CompiledNode, { reads, slots }: CompileState) {
    this.type = node.type;
    this.reads = reads;
    this.ast = ast;
    this.#node = node;
    this.#run = new CelRun(slots);
  }

  evaluate(reading: Reading): JsonValue | CelFailure {
    const run = this.#run;
    run.begin(reading);
    const value = this.#node.run(run);
    if (typeof value === 'boolean') return value;
    return value instanceof CelFailure ? value : jsonOf(value, run);
  }
}
