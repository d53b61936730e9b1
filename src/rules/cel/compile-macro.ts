import type { ASTNode } from '@marcbachmann/cel-js';
import { CelFailure } from './cel-failure.js';
import { CelProblem } from './cel-problem.js';
import type { CelRun } from './cel-run.js';
import { type CelType, type CelValue, celOf, isMap, kindInWords, typeInWords } from './cel-value.js';
import { checkCapture } from './compile-access.js';
import { compileProperty } from './compile-property.js';
import {
  type CompileChild,
  type CompiledNode,
  failedAt,
  methodAt,
  type Scope,
  textOf,
} from './compiled-node.js';

/** Macros that walk a list or the keys of a map, and how many arguments they take. */
const LOOPS: Readonly<Record<string, readonly number[]>> = {
  all: [2],
  exists: [2],
  exists_one: [2],
  filter: [2],
  map: [2, 3],
};
export const LOOP_NAMES: readonly string[] = Object.keys(LOOPS);

/** Macros inside one another that walk something of unknown length: two make a square, three take too long. */
export const CEL_MAX_NESTED_LOOPS = 2;

/** Nodes of a body that one step pays for. */
const NODES_PER_STEP = 8;

type Call = Extract<ASTNode, { op: 'rcall' }>;
type Body = CompiledNode['run'];
type Loop = (items: readonly CelValue[], run: CelRun) => CelValue | CelFailure;

/** Compiles `list.exists(x, condition)` and its like; undefined when the call is none of them. */
export function compileLoop(node: Call, scope: Scope, compile: CompileChild): CompiledNode | undefined {
  const [name, rangeNode, parameters] = node.args;
  const counts = Object.hasOwn(LOOPS, name) ? LOOPS[name] : undefined;
  if (counts === undefined) return undefined;
  if (!counts.includes(parameters.length)) {
    throw new CelProblem(
      `${name}() takes a name and ${counts.length > 1 ? 'one or two expressions' : 'an expression'}`,
      methodAt(node, scope.state),
      `write it as in payload.list.${name}(x, x > 5)`,
    );
  }
  const range = compile(rangeNode, scope);
  if (!['list', 'map', 'dyn'].includes(range.type)) {
    throw new CelProblem(`${name}() walks a list or a map, not ${typeInWords(range.type)}`, range.at);
  }
  const loops = scope.loops + (isWritten(rangeNode) ? 0 : 1);
  if (loops > CEL_MAX_NESTED_LOOPS) {
    throw new CelProblem(
      `${name}() is inside ${CEL_MAX_NESTED_LOOPS} others that walk the payload, which takes too long`,
      methodAt(node, scope.state),
      'walk at most one list inside another',
    );
  }
  const local = declare(parameters[0] as ASTNode, { ...scope, loops });
  const nodesBefore = scope.state.nodes;
  const bodies = parameters.slice(1).map((body) => compile(body, local.scope));
  const steps = 1 + Math.floor((scope.state.nodes - nodesBefore) / NODES_PER_STEP);
  for (const body of name === 'map' ? bodies.slice(0, -1) : bodies) checkCondition(name, body);

  const each = (body: Body, item: CelValue, run: CelRun): CelValue | CelFailure => {
    run.slots[local.slot] = celOf(item);
    return run.charge(steps) ?? body(run);
  };
  const loop = loopOf(
    name,
    bodies.map(({ run }) => run),
    each,
    textOf(parameters[1] as ASTNode, scope.state),
  );
  const type: CelType = name === 'map' || name === 'filter' ? 'list' : 'bool';
  const text = textOf(rangeNode, scope.state);
  return {
    type,
    at: node.start,
    run: (run) => {
      const items = range.run(run);
      if (items instanceof CelFailure) return items;
      if (Array.isArray(items)) return loop(items as readonly CelValue[], run);
      if (!isMap(items)) return failedAt(text, `${name}() walks a list or a map, not ${kindInWords(items)}`);
      const keys = Object.keys(items);
      return run.charge(keys.length) ?? loop(keys, run);
    },
  };
}

/** `cel.bind(name, value, expression)`: undefined when the call is another. */
export function compileBind(node: Call, scope: Scope, compile: CompileChild): CompiledNode | undefined {
  const [name, receiver, parameters] = node.args;
  if (name !== 'bind' || receiver.op !== 'id' || receiver.args !== 'cel') return undefined;
  const [nameNode, valueNode, bodyNode] = parameters;
  if (nameNode === undefined || valueNode === undefined || bodyNode === undefined) {
    throw new CelProblem('cel.bind() takes a name, a value and an expression', node.start);
  }
  const value = compile(valueNode, scope);
  const local = declare(nameNode, scope, value.type);
  const body = compile(bodyNode, local.scope);
  return {
    type: body.type,
    at: node.start,
    run: (run) => {
      const bound = value.run(run);
      if (bound instanceof CelFailure) return bound;
      run.slots[local.slot] = bound;
      return body.run(run);
    },
  };
}

/** `has(payload.a)`: whether the key is there, also when its value is null. */
export function compileHas(
  parameters: readonly ASTNode[],
  at: number,
  scope: Scope,
  compile: CompileChild,
): CompiledNode {
  const [field] = parameters;
  if (parameters.length !== 1 || field?.op !== '.') {
    throw new CelProblem(
      'has() takes a path that ends with a key',
      at,
      'write it as in has(payload.temperature)',
    );
  }
  const property = compileProperty(field, scope);
  if (property !== undefined) return { type: 'bool', at, run: (run) => property.run(run) !== null };
  const [ownerNode, key] = field.args;
  const owner = compile(ownerNode, scope);
  checkCapture(ownerNode, key, field.pos, scope);
  return {
    type: 'bool',
    at,
    run: (run) => {
      const map = owner.run(run);
      return map instanceof CelFailure ? map : isMap(map) && Object.hasOwn(map, key);
    },
  };
}

/** Lists written in the expression are short. */
function isWritten(node: ASTNode): boolean {
  return node.op === 'list' || node.op === 'map';
}

function declare(
  node: ASTNode,
  scope: Scope,
  type: CelType = 'dyn',
): { readonly slot: number; readonly scope: Scope } {
  if (node.op !== 'id') throw new CelProblem('the first argument is a name for the element', node.start);
  const slot = scope.state.slots;
  scope.state.slots += 1;
  return { slot, scope: { ...scope, locals: new Map(scope.locals).set(node.args, { slot, type }) } };
}

function checkCondition(name: string, body: CompiledNode): void {
  if (body.type === 'bool' || body.type === 'dyn') return;
  throw new CelProblem(`${name}() wants a condition, and this gives ${typeInWords(body.type)}`, body.at);
}

type Each = (body: Body, item: CelValue, run: CelRun) => CelValue | CelFailure;

function loopOf(name: string, bodies: readonly Body[], each: Each, conditionText: string): Loop {
  const [first, second] = bodies as readonly [Body, Body | undefined];
  const condition = (item: CelValue, run: CelRun): boolean | CelFailure => {
    const result = each(first, item, run);
    if (typeof result === 'boolean' || result instanceof CelFailure) return result;
    return failedAt(conditionText, `${name}() wants a condition, and it gave ${kindInWords(result)}`);
  };
  switch (name) {
    case 'all':
      return quantifier(condition, false);
    case 'exists':
      return quantifier(condition, true);
    case 'exists_one':
      return (items, run) => {
        let count = 0;
        for (const item of items) {
          const found = condition(item, run);
          if (found instanceof CelFailure) return found;
          if (found) count += 1;
        }
        return count === 1;
      };
    case 'filter':
      return (items, run) => {
        const kept: CelValue[] = [];
        for (const item of items) {
          const isKept = condition(item, run);
          if (isKept instanceof CelFailure) return isKept;
          if (isKept) kept.push(item);
        }
        return kept;
      };
    default:
      return (items, run) => {
        const mapped: CelValue[] = [];
        for (const item of items) {
          const isTaken = second === undefined || condition(item, run);
          if (isTaken instanceof CelFailure) return isTaken;
          if (!isTaken) continue;
          const one = each(second ?? first, item, run);
          if (one instanceof CelFailure) return one;
          mapped.push(one);
        }
        return mapped;
      };
  }
}

/**
 * `exists` ends at the first true, `all` at the first false. As CEL says, a failure on one element does not matter when
 * another one decides; only the budget ends the walk.
 */
function quantifier(
  condition: (item: CelValue, run: CelRun) => boolean | CelFailure,
  deciding: boolean,
): Loop {
  return (items, run) => {
    let failure: CelFailure | undefined;
    for (const item of items) {
      const result = condition(item, run);
      if (result === deciding) return deciding;
      if (!(result instanceof CelFailure)) continue;
      if (result.kind === 'over-budget') return result;
      failure ??= result;
    }
    return failure ?? !deciding;
  };
}
