import type { ASTNode } from '@marcbachmann/cel-js';
import type { JsonValue } from '../../formats/json/json-value.js';
import type { Reading } from '../mapped.js';
import type { TracedCondition } from '../mapping-trace.js';
import { stepText } from '../path.js';
import { compileReference } from '../reference.js';

const ROOTS: ReadonlySet<string> = new Set([
  'payload',
  'topic',
  'device',
  'clientId',
  'user',
  'properties',
  'qos',
]);

/** Reports a condition with the values that it names. Called only when somebody asks for an explanation. */
export function traceCondition(
  reading: Reading,
  expression: string,
  ast: unknown,
  result: boolean | undefined,
): void {
  const paths = new Set<string>();
  collectPaths(ast, paths, new Set([...ROOTS, ...Object.keys(reading.variables ?? {})]));
  const read: { path: string; found: JsonValue | undefined }[] = [];
  for (const path of paths) {
    if (path === 'qos') read.push({ path, found: reading.record.qos });
    const compiled = compileReference(path, {
      captureNames: 'unknown',
      variables: Object.keys(reading.variables ?? {}),
    });
    if (compiled.ok) read.push({ path, found: compiled.reference.get(reading) });
  }
  const condition: TracedCondition = { expression, read, ...(result !== undefined && { result }) };
  reading.trace?.condition(condition);
}

/** Adds the longest paths below the roots of a condition; those that a macro's variable begins are not known beforehand. */
function collectPaths(node: unknown, paths: Set<string>, roots: ReadonlySet<string>): void {
  if (Array.isArray(node)) {
    for (const child of node) collectPaths(child, paths, roots);
    return;
  }
  if (!isAstNode(node)) return;
  const path = pathOf(node, roots);
  if (path === undefined) collectPaths(node.args, paths, roots);
  else paths.add(path);
}

function pathOf(node: ASTNode, roots: ReadonlySet<string>): string | undefined {
  if (node.op === 'id') return roots.has(node.args) ? node.args : undefined;
  if (node.op !== '.' && node.op !== '[]') return undefined;
  const [base, step] = node.args;
  const before = pathOf(base, roots);
  if (before === undefined) return undefined;
  if (typeof step === 'string') return `${before}${stepText(step)}`;
  if (step.op !== 'value') return undefined;
  const key: unknown = step.args;
  if (typeof key === 'string') return `${before}${stepText(key)}`;
  return typeof key === 'bigint' ? `${before}${stepText(Number(key))}` : undefined;
}

function isAstNode(node: unknown): node is ASTNode {
  return typeof node === 'object' && node !== null && 'op' in node && 'args' in node;
}
