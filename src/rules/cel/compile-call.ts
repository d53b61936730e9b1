import type { ASTNode } from '@marcbachmann/cel-js';
import { nearestName } from '../../lib/nearest-name.js';
import { quoted } from '../../lib/printable.js';
import { callOf, NO_OVERLOAD } from './call-function.js';
import { CelFailure } from './cel-failure.js';
import { accepts, celFunctions, celMethods, type Overload } from './cel-functions.js';
import { CelProblem } from './cel-problem.js';
import { type CelType, type CelValue, kindInWords, typeInWords } from './cel-value.js';
import { compileBind, compileHas, compileLoop, LOOP_NAMES } from './compile-macro.js';
import {
  type CompileChild,
  type CompiledNode,
  failedAt,
  methodAt,
  type Scope,
  textOf,
} from './compiled-node.js';
import { compileMatches } from './matches.js';

/** `size(payload.list)`, `has(payload.a)` */
export function compileCall(
  node: Extract<ASTNode, { op: 'call' }>,
  scope: Scope,
  compile: CompileChild,
): CompiledNode {
  const [name, parameterNodes] = node.args;
  if (name === 'has') return compileHas(parameterNodes, node.start, scope, compile);
  const overloads = celFunctions.get(name);
  if (overloads === undefined) throw unknownFunction(name, parameterNodes, node.start, scope);
  const parameters = parameterNodes.map((parameter) => compile(parameter, scope));
  if (name === 'dyn' && parameters[0] !== undefined && parameters.length === 1) {
    return { type: 'dyn', at: node.start, run: parameters[0].run };
  }
  const type = checkedType(name, overloads, undefined, parameters, node.start);
  return called(name, false, type, parameters, node, scope);
}

/** `payload.name.startsWith("a")`, `payload.list.exists(x, x > 5)` */
export function compileMethod(
  node: Extract<ASTNode, { op: 'rcall' }>,
  scope: Scope,
  compile: CompileChild,
): CompiledNode {
  const macro = compileLoop(node, scope, compile) ?? compileBind(node, scope, compile);
  if (macro !== undefined) return macro;
  const [name, receiverNode, parameterNodes] = node.args;
  const overloads = celMethods.get(name);
  const at = methodAt(node, scope.state);
  if (overloads === undefined) throw unknownMethod(name, receiverNode, at, scope);
  const receiver = compile(receiverNode, scope);
  const parameters = parameterNodes.map((parameter) => compile(parameter, scope));
  const type = checkedType(name, overloads, receiver, parameters, at);
  if (name === 'matches') return compileMatch(node, receiver, parameters[0] as CompiledNode, scope);
  return called(name, true, type, [receiver, ...parameters], node, scope);
}

/** The static type that a call gives. */
function checkedType(
  name: string,
  overloads: readonly Overload[],
  receiver: CompiledNode | undefined,
  parameters: readonly CompiledNode[],
  at: number,
): CelType {
  const counts = [...new Set(overloads.map((overload) => overload.parameters.length))];
  if (!counts.includes(parameters.length)) {
    const wanted = counts.map((count) => (count === 0 ? 'nothing' : count)).join(' or ');
    throw new CelProblem(`${name}() takes ${wanted} in its brackets, not ${parameters.length}`, at);
  }
  const types = parameters.map(({ type }) => type);
  const results = overloads
    .filter((overload) => accepts(overload, receiver?.type, types))
    .map(({ result }) => result);
  const [first] = results;
  if (first === undefined) {
    const given = [receiver?.type, ...types].filter((type) => type !== undefined).map(typeInWords);
    throw new CelProblem(
      `${name}() does not take ${given.join(' and ')}`,
      receiver?.at ?? parameters[0]?.at ?? at,
    );
  }
  return results.every((result) => result === first) ? first : 'dyn';
}

function called(
  name: string,
  isMethod: boolean,
  type: CelType,
  parameters: readonly CompiledNode[],
  node: ASTNode,
  scope: Scope,
): CompiledNode {
  const call = callOf(name, isMethod, parameters.length);
  const text = textOf(node, scope.state);
  return {
    type,
    at: node.start,
    run: (run) => {
      const values: CelValue[] = [];
      for (const parameter of parameters) {
        const value = parameter.run(run);
        if (value instanceof CelFailure) return value;
        values.push(value);
      }
      const result = call(values, run);
      if (result === NO_OVERLOAD) {
        return failedAt(text, `${name}() does not take ${values.map(kindInWords).join(' and ')}`);
      }
      return result instanceof CelFailure && result.kind === 'failed' ? failedAt(text, result.cause) : result;
    },
  };
}

/** A pattern that came from a payload could not be checked before the record comes. */
function compileMatch(node: ASTNode, text: CompiledNode, pattern: CompiledNode, scope: Scope): CompiledNode {
  if (typeof pattern.literal !== 'string') {
    throw new CelProblem(
      'the pattern of matches() must be written in quotes, so that it is compiled once',
      pattern.at,
      'for a text that is in the payload, use contains() or ==',
    );
  }
  const matches = compileMatches(pattern.literal, pattern.at);
  const shown = textOf(node, scope.state);
  return {
    type: 'bool',
    at: node.start,
    run: (run) => {
      const value = text.run(run);
      if (value instanceof CelFailure) return value;
      if (typeof value === 'string') return matches(value, run);
      return failedAt(shown, `matches() does not take ${kindInWords(value)}`);
    },
  };
}

/** Words of other languages, and what they are in CEL. */
const OTHER_WORDS: Readonly<Record<string, string>> = {
  not: 'write ! for not: !(…)',
  and: 'write && for and',
  or: 'write || for or',
  if: 'write condition ? one : other',
  len: 'did you mean size()?',
  length: 'did you mean size()?',
  count: 'did you mean size()?',
  float: 'did you mean double()?',
  number: 'did you mean double()?',
  str: 'did you mean string()?',
  exists: 'test for a key with has(payload.key)',
  get: 'write has(payload.key) ? payload.key : 0',
  any: 'did you mean exists()?',
  some: 'did you mean exists()?',
  max: 'write a > b ? a : b',
  min: 'write a < b ? a : b',
  abs: 'write a < 0 ? -a : a',
  round: 'the key round of a field rounds: { cel: …, round: 1 }',
  toFixed: 'the key round of a field rounds: { cel: …, round: 1 }',
  parseFloat: 'did you mean double()?',
  parseInt: 'did you mean int()?',
  lower: 'did you mean lowerAscii()?',
  toLowerCase: 'did you mean lowerAscii()?',
  upper: 'did you mean upperAscii()?',
  toUpperCase: 'did you mean upperAscii()?',
  includes: 'did you mean contains()?',
  strip: 'did you mean trim()?',
};

function unknownFunction(
  name: string,
  parameters: readonly ASTNode[],
  at: number,
  { state }: Scope,
): CelProblem {
  const problem = `there is no function ${quoted(name)}`;
  const other = Object.hasOwn(OTHER_WORDS, name) ? OTHER_WORDS[name] : undefined;
  if (other !== undefined) return new CelProblem(problem, at, other);
  const [first] = parameters;
  if (first !== undefined && (celMethods.has(name) || LOOP_NAMES.includes(name))) {
    return new CelProblem(problem, at, `write it behind the value: ${textOf(first, state)}.${name}(…)`);
  }
  const nearest = nearestName(name, ['has', ...celFunctions.keys()]);
  return new CelProblem(problem, at, nearest === undefined ? undefined : `did you mean ${nearest}()?`);
}

function unknownMethod(name: string, receiver: ASTNode, at: number, { state }: Scope): CelProblem {
  const problem = `there is no method ${quoted(name)}`;
  if (celFunctions.has(name)) return new CelProblem(problem, at, `write ${name}(${textOf(receiver, state)})`);
  if (Object.hasOwn(OTHER_WORDS, name)) return new CelProblem(problem, at, OTHER_WORDS[name]);
  const nearest = nearestName(name, [...LOOP_NAMES, ...celMethods.keys()]);
  return new CelProblem(problem, at, nearest === undefined ? undefined : `did you mean ${nearest}()?`);
}
