import type { ASTNode } from '@marcbachmann/cel-js';
import { nearestName } from '../../lib/nearest-name.js';
import { quoted } from '../../lib/printable.js';
import { propertyMap } from '../message-property.js';
import { CelFailure } from './cel-failure.js';
import { CelProblem } from './cel-problem.js';
import { type CelType, type CelValue, celOf, library } from './cel-value.js';
import type { CompiledNode, Scope } from './compiled-node.js';

/** CEL's int is a bigint here. */
const QOS = [0n, 1n, 2n] as const;

const ROOTS: Readonly<Record<string, { readonly type: CelType; readonly run: CompiledNode['run'] }>> = {
  payload: { type: 'dyn', run: ({ reading }) => celOf(reading.payload) },
  topic: { type: 'map', run: ({ reading }) => reading.captures },
  device: { type: 'string', run: ({ reading }) => reading.device },
  clientId: { type: 'string', run: ({ reading }) => reading.record.clientId },
  // null without one, so that a condition compares it instead of failing for every record.
  user: { type: 'dyn', run: ({ reading }) => reading.record.user || null },
  properties: { type: 'map', run: ({ reading }) => propertyMap(reading.record.properties) },
  qos: { type: 'int', run: ({ reading }) => QOS[reading.record.qos] },
};
const ROOT_NAMES = Object.keys(ROOTS);

/** The names of types, as in `type(payload.v) == string`. */
const TYPE_NAMES = ['bool', 'int', 'double', 'string', 'bytes', 'list', 'map', 'null_type', 'type'];

/** Compiles a name: a variable of a macro, one of `each`, a root such as payload, or a type. */
export function compileName(node: Extract<ASTNode, { op: 'id' }>, { state, locals }: Scope): CompiledNode {
  const [name, at] = [node.args, node.start];
  const local = locals.get(name);
  if (local !== undefined) {
    const { slot, type } = local;
    return { type, at, run: ({ slots }) => slots[slot] as CelValue };
  }
  if (state.variables.includes(name)) {
    state.reads.add(name);
    const absent = new CelFailure('no-key', `${name}: it has no value here`);
    return {
      type: 'dyn',
      at,
      run: ({ reading }) => {
        const value = reading.variables?.[name];
        return value === undefined ? absent : celOf(value);
      },
    };
  }
  const root = Object.hasOwn(ROOTS, name) ? ROOTS[name] : undefined;
  if (root !== undefined) {
    state.reads.add(name);
    return { ...root, at };
  }
  if (TYPE_NAMES.includes(name)) {
    const value = library.evaluate(name) as CelValue;
    return { type: 'type', at, literal: value, run: () => value };
  }
  throw unknownName(name, at, [...locals.keys(), ...state.variables, ...ROOT_NAMES], state.expression);
}

/** Words of other languages, and what they are in CEL. */
const OTHER_WORDS: Readonly<Record<string, string>> = {
  true: 'true',
  false: 'false',
  null: 'null',
  none: 'null',
  nil: 'null',
  undefined: 'null',
};

function unknownName(name: string, at: number, known: readonly string[], expression: string): CelProblem {
  const problem = `there is no variable ${quoted(name)} (there are ${known.join(', ')})`;
  // `payload.some-key` is a subtraction for CEL.
  const dashed = /([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)\.([A-Za-z_][\w-]*-)$/.exec(expression.slice(0, at));
  if (dashed !== null) {
    const [, owner, begin] = dashed;
    return new CelProblem(problem, at, `a key with a dash is written ${owner}["${begin}${name}"]`);
  }
  const word = Object.hasOwn(OTHER_WORDS, name.toLowerCase()) ? OTHER_WORDS[name.toLowerCase()] : undefined;
  if (word !== undefined) return new CelProblem(problem, at, `write ${word}`);
  const nearest = nearestName(name, known);
  if (nearest !== undefined) return new CelProblem(problem, at, `did you mean ${nearest}?`);
  const isCompared = /[!=]= *$/.test(expression.slice(0, at));
  const text = isCompared ? `a text is written "${name}", ` : '';
  return new CelProblem(problem, at, `${text}values of the payload are written payload.${name}`);
}
