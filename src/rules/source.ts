import { nearestName } from '../lib/nearest-name.js';
import { quoted } from '../lib/printable.js';
import { CelFailure, compileCel } from './cel/compile-cel.js';
import type { LookupTables } from './lookup-table.js';
import { MappingFailure } from './mapped.js';
import {
  compilePayloadReference,
  compileReference,
  type Getter,
  type Origin,
  type Place,
  type Reference,
  type Root,
  type RuleNames,
} from './reference.js';
import type { LookupOptions, SourceOptions } from './rule-options.js';
import { isTemplate } from './rule-options.js';
import type { ProblemList, RulePath } from './rule-problem.js';
import { scalarText } from './scalar-text.js';
import { compileTemplate } from './template.js';

/** Where a value comes from, compiled. */
export interface Source {
  readonly get: Getter;
  readonly origin: Origin;
  /** For a person: the paths, the template, or the expression. */
  readonly text: string;
  readonly reads: ReadonlySet<Root>;
  /** The places inside the payload and the elements that it reads. An expression does not tell. */
  readonly places: readonly Place[];
}

/** Whether topic, client and user decide the value, whatever the message is. */
export function isOfTopic({ reads }: Source): boolean {
  return (['payload', 'variable', 'properties', 'qos'] as const).every((root) => !reads.has(root));
}

export interface SourceNames extends RuleNames {
  readonly tables: LookupTables;
}

interface SourceUse {
  /** What the source is of, e.g. ['fields', 'temperature']. */
  readonly path: RulePath;
  /** Whether a path is one inside the payload even without the leading `payload.`. */
  readonly isPayloadPath?: boolean;
}

const KINDS = ['path', 'value', 'template', 'lookup', 'cel'] as const;

/** Compiles the source of a value, and adds what is wrong with it to `list`; undefined then. */
export function compileSource(
  options: SourceOptions,
  use: SourceUse,
  names: SourceNames,
  list: ProblemList,
): Source | undefined {
  const given = KINDS.filter((kind) => options[kind] !== undefined);
  if (given.length !== 1) {
    const got = given.length === 0 ? 'none of them' : given.join(' and ');
    list.add(use.path, got, `one of ${KINDS.join(', ')}`);
    return undefined;
  }
  const { path, value, template, lookup, cel } = options;
  if (path !== undefined) return pathSource(path, use, names, list);
  if (template !== undefined) return templateSource(template, use, names, list);
  if (lookup !== undefined) return lookupSource(lookup, use, names, list);
  if (cel !== undefined) return celSource(cel, use, names, list);
  return { get: () => value, origin: () => 'the rule', text: String(value), reads: new Set(), places: [] };
}

function pathSource(
  texts: string | readonly string[],
  { path, isPayloadPath }: SourceUse,
  names: SourceNames,
  list: ProblemList,
): Source | undefined {
  const references: Reference[] = [];
  for (const text of [texts].flat()) {
    const compiled = isPayloadPath ? compilePayloadReference(text, names) : compileReference(text, names);
    if (!compiled.ok) {
      const expected = isPayloadPath ? 'a path inside the payload' : 'a reference';
      list.add([...path, 'path'], quoted(text), `${expected}: ${compiled.problem}`, {
        at: compiled.at,
        hint: compiled.hint,
      });
      return undefined;
    }
    references.push(compiled.reference);
  }
  if (references.length === 0) {
    list.add([...path, 'path'], 'an empty list', 'a reference');
    return undefined;
  }
  return {
    get: firstOf(references),
    origin: originOf(references),
    ...describeReferences(references),
    text: [texts].flat().join(', '),
  };
}

/** The first that is there and not null. */
function firstOf(references: readonly Reference[]): Getter {
  const [first, second] = references;
  if (second === undefined) return first!.get;
  return (reading) => {
    let found: null | undefined;
    for (const { get } of references) {
      const value = get(reading);
      if (value !== undefined && value !== null) return value;
      // A null says more than nothing at all.
      if (value === null) found = null;
    }
    return found;
  };
}

function originOf(references: readonly Reference[]): Origin {
  const texts = references.map(({ text }) => text);
  return (reading) => {
    const values = references.map(({ get }) => get(reading));
    const counted = values.findIndex((value) => value !== undefined && value !== null);
    return texts[counted < 0 ? values.indexOf(null) : counted] ?? texts.join(', ');
  };
}

function templateSource(
  text: string,
  { path }: SourceUse,
  names: SourceNames,
  list: ProblemList,
): Source | undefined {
  const compiled = compileTemplate(text, names);
  if (!compiled.ok) {
    list.add([...path, 'template'], quoted(text), `references in braces: ${compiled.problem}`, {
      at: compiled.at,
      hint: compiled.hint,
    });
    return undefined;
  }
  return { get: compiled.get, origin: () => text, ...describeReferences(compiled.references), text };
}

function lookupSource(
  { table: name, key, column }: LookupOptions,
  { path }: SourceUse,
  names: SourceNames,
  list: ProblemList,
): Source | undefined {
  const table = Object.hasOwn(names.tables, name) ? names.tables[name] : undefined;
  const keyUse = { path: [...path, 'lookup', 'key'] };
  const keySource = isTemplate(key)
    ? templateSource(key, keyUse, names, list)
    : pathSource(key, keyUse, names, list);
  if (table === undefined) {
    const known = Object.keys(names.tables);
    const tables =
      known.length === 0 ? 'consumer.tables names none' : `consumer.tables names ${known.join(', ')}`;
    list.add([...path, 'lookup', 'table'], quoted(name), `a table: ${tables}`, {
      hint: nearest(name, known),
    });
    return undefined;
  }
  const index = table.columns.indexOf(column);
  // A table without columns could not be read, which is a problem of its own.
  if (index < 0 && table.columns.length > 0) {
    const expected = `a column of the table ${name}: ${table.columns.join(', ')}`;
    list.add([...path, 'lookup', 'column'], quoted(column), expected, {
      hint: nearest(column, table.columns),
    });
  }
  if (keySource === undefined || index < 0) return undefined;
  const get: Getter = (reading) => {
    const value = keySource.get(reading);
    if (value === undefined || value === null || value instanceof MappingFailure) return value;
    const text = scalarText(value);
    const cell = text === undefined ? undefined : table.rows.get(text)?.[index];
    return cell === '' ? undefined : cell;
  };
  const text = `${name}[${keySource.text}].${column}`;
  return { ...keySource, get, origin: () => text, text };
}

function celSource(
  expression: string,
  { path }: SourceUse,
  names: SourceNames,
  list: ProblemList,
): Source | undefined {
  const compiled = compileCel(expression, names);
  if (!compiled.ok) {
    const { at, hint, problem } = compiled;
    list.add([...path, 'cel'], quoted(expression), `a CEL expression: ${problem}`, { at, hint });
    return undefined;
  }
  const { cel } = compiled;
  const get: Getter = (reading) => {
    const value = cel.evaluate(reading);
    if (!(value instanceof CelFailure)) return value;
    // What the expression is made of is not there: neither is its value.
    if (value.kind === 'no-key') return undefined;
    const code = value.kind === 'over-budget' ? 'rule-over-budget' : 'rule-value-failed';
    return new MappingFailure(code, `cel \`${quoted(expression).slice(1, -1)}\` failed: ${value.cause}`);
  };
  return { get, origin: () => expression, text: expression, reads: rootsOf(cel.reads, names), places: [] };
}

function rootsOf(reads: ReadonlySet<string>, { variables }: RuleNames): ReadonlySet<Root> {
  return new Set([...reads].map((name) => (variables.includes(name) ? 'variable' : (name as Root))));
}

/** What a source that is made of references reads. */
export function describeReferences(references: readonly Reference[]): Pick<Source, 'reads' | 'places'> {
  return {
    reads: new Set(references.map(({ root }) => root)),
    places: references.flatMap(({ place }) => (place === undefined ? [] : [place])),
  };
}

function nearest(name: string, known: readonly string[]): string | undefined {
  const near = nearestName(name, known);
  return near === undefined ? undefined : `did you mean ${near}?`;
}
