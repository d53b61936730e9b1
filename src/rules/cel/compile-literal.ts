import type { ASTNode } from '@marcbachmann/cel-js';
import { fitsInt64 } from '../scaled-integer.js';
import { CelFailure } from './cel-failure.js';
import { CelProblem } from './cel-problem.js';
import { type CelValue, kindInWords, typeInWords, typeOf } from './cel-value.js';
import { keyOf } from './compare.js';
import { type CompileChild, type CompiledNode, failedAt, type Scope, textOf } from './compiled-node.js';

/** Compiles a value that is written in the expression. */
export function compileLiteral(value: CelValue, at: number): CompiledNode & { readonly literal: CelValue } {
  const type = typeOf(value);
  if (type === undefined) {
    throw new CelProblem('unsigned ints such as 5u are not supported', at, 'leave the u out');
  }
  if (typeof value === 'bigint' && !fitsInt64(value)) {
    throw new CelProblem(`${value} is beyond a 64-bit int`, at, `write ${value}.0, a double`);
  }
  return { type, at, literal: value, run: () => value };
}

/** `[1, 2.5, payload.x]`: the elements may have different types. */
export function compileList(
  node: Extract<ASTNode, { op: 'list' }>,
  scope: Scope,
  compile: CompileChild,
): CompiledNode {
  const elements = node.args.map((element) => compile(element, scope).run);
  return {
    type: 'list',
    at: node.start,
    run: (run) => {
      const list: CelValue[] = [];
      for (const element of elements) {
        const value = element(run);
        if (value instanceof CelFailure) return value;
        list.push(value);
      }
      return list;
    },
  };
}

/** `{"on": 1, "off": 0}` */
export function compileMap(
  node: Extract<ASTNode, { op: 'map' }>,
  scope: Scope,
  compile: CompileChild,
): CompiledNode {
  const entries = node.args.map(([keyNode, valueNode]) => {
    const key = compile(keyNode, scope);
    if (!['string', 'int', 'bool', 'dyn'].includes(key.type)) {
      throw new CelProblem(
        `${typeInWords(key.type)} cannot be a key of a map`,
        key.at,
        'write text in quotes',
      );
    }
    return { key: key.run, value: compile(valueNode, scope).run, text: textOf(keyNode, scope.state) };
  });
  return {
    type: 'map',
    at: node.start,
    run: (run) => {
      // Without a prototype, `__proto__` is a key like any other.
      const map = Object.create(null) as Record<string, CelValue>;
      for (const entry of entries) {
        const key = entry.key(run);
        if (key instanceof CelFailure) return key;
        const name = keyOf(key);
        if (name === undefined) return failedAt(entry.text, `${kindInWords(key)} cannot be a key of a map`);
        const value = entry.value(run);
        if (value instanceof CelFailure) return value;
        map[name] = value;
      }
      return map;
    },
  };
}
