import { quoted } from '../lib/printable.js';
import type { EachLevel } from './each.js';
import type { Root } from './reference.js';
import type { EachOptions } from './rule-options.js';
import type { ProblemList } from './rule-problem.js';
import { compileSource, type Source, type SourceNames } from './source.js';
import { compileWhere } from './where.js';

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** An inner level may take them again: then they stand for it, and the outer level needs names of its own to be reached. */
const DEFAULT_NAMES: ReadonlySet<string> = new Set(['element', 'key', 'index']);
const ROOTS: ReadonlySet<string> = new Set<Root>(['payload', 'topic', 'device', 'clientId', 'user', 'qos']);
/** Words that CEL keeps for itself, and keys that no object may have. */
const RESERVED: ReadonlySet<string> = new Set([
  'as',
  'break',
  'const',
  'continue',
  'else',
  'false',
  'for',
  'function',
  'if',
  'import',
  'in',
  'let',
  'loop',
  'namespace',
  'null',
  'package',
  'return',
  'true',
  'var',
  'void',
  'while',
  '__proto__',
  'constructor',
  'prototype',
]);

export interface CompiledEach {
  readonly levels: readonly EachLevel[];
  readonly sources: readonly Source[];
  /** The names that the rest of the rule may use. */
  readonly variables: readonly string[];
}

/** Compiles the levels of `each`, the outer first; a level may use the names of those before it. */
export function compileEach(
  options: readonly EachOptions[],
  names: Omit<SourceNames, 'variables'>,
  list: ProblemList,
): CompiledEach {
  const levels: EachLevel[] = [];
  const sources: Source[] = [];
  const variables: string[] = [];
  for (const [at, { path, where, ...named }] of options.entries()) {
    const place = ['each', at];
    const outer = { ...names, variables: [...variables] };
    const source = compileSource({ path }, { path: place, isPayloadPath: true }, outer, list);
    for (const kind of ['as', 'key', 'index'] as const) {
      const name = named[kind];
      const problem = nameProblem(name, variables);
      if (problem !== undefined)
        list.add([...place, kind], quoted(name), `a name for it; this one ${problem}`);
      if (!variables.includes(name)) variables.push(name);
    }
    const condition = where === undefined ? undefined : compileWhere(where, { ...names, variables });
    if (condition?.ok === false) {
      const { at: offset, hint } = condition;
      list.add([...place, 'where'], quoted(where ?? ''), `a CEL condition: ${condition.problem}`, {
        at: offset,
        hint,
      });
    }
    if (source === undefined) continue;
    sources.push(source);
    const level = { get: source.get, origin: source.origin, text: source.text, ...named };
    levels.push(condition?.ok === true ? { ...level, where: condition.where } : level);
  }
  return { levels, sources, variables };
}

function nameProblem(name: string, taken: readonly string[]): string | undefined {
  if (!NAME.test(name)) return 'is not letters, digits and _, beginning with a letter';
  if (ROOTS.has(name)) return `has a meaning already`;
  if (RESERVED.has(name)) return 'is a reserved word';
  return taken.includes(name) && !DEFAULT_NAMES.has(name)
    ? 'is used twice: give each level names of its own'
    : undefined;
}
