import type { ASTNode } from '@marcbachmann/cel-js';
import { nearestName } from '../../lib/nearest-name.js';
import { quoted } from '../../lib/printable.js';
import { CelFailure } from './cel-failure.js';
import { CelProblem } from './cel-problem.js';
import { type CelValue, celOf, isMap, kindInWords, typeInWords } from './cel-value.js';
import { keyOf } from './compare.js';
import { compileProperty } from './compile-property.js';
import { type CompileChild, type CompiledNode, type Scope, textOf } from './compiled-node.js';

/** `payload.key` */
export function compileField(
  node: Extract<ASTNode, { op: '.' }>,
  scope: Scope,
  compile: CompileChild,
): CompiledNode {
  const property = compileProperty(node, scope);
  if (property !== undefined) return property;
  const [ownerNode, key] = node.args;
  const owner = compile(ownerNode, scope);
  checkCapture(ownerNode, key, node.pos, scope);
  if (owner.type !== 'map' && owner.type !== 'dyn') {
    throw new CelProblem(
      `${typeInWords(owner.type)} has no keys, so there is no ${quoted(key)} in it`,
      node.pos,
    );
  }
  const ownerRun = owner.run;
  // Other keys are not inherited from anything, so that they need no further look.
  const isInherited = key in Object.prototype;
  const missing = new CelFailure('no-key', `${textOf(node, scope.state)}: no such key`);
  return {
    type: isTopic(ownerNode, scope) ? 'string' : 'dyn',
    at: node.start,
    run: (run) => {
      const map = ownerRun(run);
      if (!isMap(map)) return map instanceof CelFailure ? map : missing;
      if (isInherited && !Object.hasOwn(map, key)) return missing;
      const value = map[key];
      return value === undefined ? missing : celOf(value);
    },
  };
}

function isTopic(node: ASTNode, { locals }: Scope): boolean {
  return node.op === 'id' && node.args === 'topic' && !locals.has('topic');
}

/** A level that the filter does not name would fail on every record. */
export function checkCapture(owner: ASTNode, key: CelValue, at: number, scope: Scope): void {
  const { captureNames } = scope.state;
  if (
    typeof key !== 'string' ||
    captureNames === 'unknown' ||
    !isTopic(owner, scope) ||
    captureNames.includes(key)
  ) {
    return;
  }
  const known = captureNames.length === 0 ? 'none' : captureNames.join(', ');
  const nearest = nearestName(key, captureNames);
  throw new CelProblem(
    `topic.${key} is not named by the topic filter (named there: ${known})`,
    at,
    nearest === undefined ? `name the level in the filter: +${key}` : `did you mean topic.${nearest}?`,
  );
}

/** `payload.list[0]`, `payload["a key"]` */
export function compileIndex(
  node: Extract<ASTNode, { op: '[]' }>,
  scope: Scope,
  compile: CompileChild,
): CompiledNode {
  const property = compileProperty(node, scope);
  if (property !== undefined) return property;
  const owner = compile(node.args[0], scope);
  const index = compile(node.args[1], scope);
  if (index.literal !== undefined) checkCapture(node.args[0], index.literal, index.at, scope);
  if (!['list', 'map', 'dyn'].includes(owner.type)) {
    throw new CelProblem(`${typeInWords(owner.type)} has no elements`, owner.at);
  }
  if (owner.type === 'list' && index.type === 'string') {
    throw new CelProblem('an element of a list is asked for by its number, from 0', index.at);
  }
  const text = textOf(node, scope.state);
  return {
    type: isTopic(node.args[0], scope) ? 'string' : 'dyn',
    at: node.start,
    run: (run) => {
      const container = owner.run(run);
      if (container instanceof CelFailure) return container;
      const key = index.run(run);
      if (key instanceof CelFailure) return key;
      const element = elementAt(container, key);
      return element === undefined ? noElement(text, container, key) : celOf(element);
    },
  };
}

function elementAt(container: CelValue, key: CelValue): CelValue | undefined {
  if (Array.isArray(container)) {
    // A fraction or a negative number is no index, and gives undefined.
    return typeof key === 'bigint' || typeof key === 'number' ? container[Number(key)] : undefined;
  }
  const name = keyOf(key);
  return name !== undefined && isMap(container) && Object.hasOwn(container, name)
    ? container[name]
    : undefined;
}

function noElement(text: string, container: CelValue, key: CelValue): CelFailure {
  const name = keyOf(key);
  if (name === undefined) return new CelFailure('failed', `${text}: ${kindInWords(key)} is no key`);
  if (!Array.isArray(container)) return new CelFailure('no-key', `${text}: no such key ${quoted(name)}`);
  return new CelFailure('no-key', `${text}: no element ${quoted(name)} in a list of ${container.length}`);
}
