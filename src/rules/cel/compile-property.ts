import type { ASTNode } from '@marcbachmann/cel-js';
import {
  type PropertyReader,
  propertyReader,
  USER_PROPERTIES,
  unknownProperty,
  userPropertyMap,
  userPropertyReader,
} from '../message-property.js';
import { PROPERTIES_ROOT } from '../property-reference.js';
import { CelProblem } from './cel-problem.js';
import type { CompiledNode, Scope } from './compiled-node.js';

/**
 * Compiles `properties.contentType` or `properties.user.site`, also with keys in brackets; undefined for all else. A message
 * without the property gives null, like `user`: a condition compares it then, and does not fail for every message of MQTT 3.1.1.
 * A name that MQTT does not have is found here, because it would never have a value.
 */
export function compileProperty(node: ASTNode, scope: Scope): CompiledNode | undefined {
  const step = stepOf(node);
  if (step === undefined) return undefined;
  const at = node.start;
  if (isProperties(step.owner, scope)) {
    scope.state.reads.add(PROPERTIES_ROOT);
    if (step.key === USER_PROPERTIES) {
      return { type: 'map', at, run: ({ reading }) => userPropertyMap(reading.record.properties) };
    }
    const read = propertyReader(step.key);
    if (read !== undefined) return reading(read, at);
    const { problem, hint } = unknownProperty(step.key);
    throw new CelProblem(problem, step.at, hint);
  }
  const owner = stepOf(step.owner);
  if (owner?.key !== USER_PROPERTIES || !isProperties(owner.owner, scope)) return undefined;
  scope.state.reads.add(PROPERTIES_ROOT);
  return reading(userPropertyReader(step.key), at);
}

function reading(read: PropertyReader, at: number): CompiledNode {
  return {
    type: 'dyn',
    at,
    run: (run) => {
      const value = read(run.reading.record.properties);
      if (value === undefined) return null;
      // CEL's int is a bigint here.
      return typeof value === 'number' ? BigInt(value) : value;
    },
  };
}

/** The step that a node is, where its key is written in the expression. */
function stepOf(
  node: ASTNode,
): { readonly owner: ASTNode; readonly key: string; readonly at: number } | undefined {
  if (node.op === '.') return { owner: node.args[0], key: node.args[1], at: node.pos };
  if (node.op !== '[]') return undefined;
  const [owner, index] = node.args;
  if (index.op !== 'value') return undefined;
  const key: unknown = index.args;
  return typeof key === 'string' ? { owner, key, at: index.start } : undefined;
}

function isProperties(node: ASTNode, { locals, state }: Scope): boolean {
  return (
    node.op === 'id' &&
    node.args === PROPERTIES_ROOT &&
    !locals.has(PROPERTIES_ROOT) &&
    !state.variables.includes(PROPERTIES_ROOT)
  );
}
