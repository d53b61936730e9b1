import { quoted } from '../lib/printable.js';
import type { Field } from '../sink/point.js';
import type { FieldReader } from './fields.js';
import { createMappingWarningCounts, MappingFailure } from './mapped.js';
import type { NameBudget } from './name-budget.js';
import { compileNumberSteps } from './number-steps.js';
import { keyProblem } from './point-names.js';
import type { FieldOptions, Scalar } from './rule-options.js';
import { isHalfTemplate, isTemplate } from './rule-options.js';
import type { ProblemList, RulePath } from './rule-problem.js';
import { compileSource, describeReferences, type Source, type SourceNames } from './source.js';
import { compileTemplate } from './template.js';
import { type FieldShape, toField } from './typed-field.js';
import { compileWords } from './value-words.js';

/** What a field needs to know of its rule. */
export interface FieldContext {
  readonly tagNames: ReadonlySet<string>;
  readonly names: SourceNames;
  /** For fields whose names come from messages. */
  readonly budget: NameBudget;
}

export interface CompiledField {
  readonly reader: FieldReader;
  /** Of its value, and of its name where that comes from the message. */
  readonly sources: readonly Source[];
}

const ONLY_NUMBERS = ['scale', 'offset', 'from', 'round', 'expected', 'unit'] as const;
const ONLY_STRINGS = ['maxLength', 'truncate'] as const;

/** Compiles a named field, and adds everything wrong with it to `list`; `undefined` when its value cannot be found. */
export function compileField(
  name: string,
  options: FieldOptions,
  { tagNames, names, budget }: FieldContext,
  list: ProblemList,
): CompiledField | undefined {
  const path = ['fields', name];
  const isNamedByMessage = isTemplate(name) || isHalfTemplate(name);
  const problem = isNamedByMessage ? undefined : keyProblem(name);
  if (problem !== undefined) list.add(path, quoted(name), `a field name; this one ${problem}`);
  if (tagNames.has(name)) {
    list.add(path, quoted(name), 'a name that is not also the name of a tag of this rule');
  }
  checkRange(path, options, list);
  checkExpected(path, options, list);
  checkKinds(path, options, list);
  const steps = compileNumberSteps(options, options.unit);
  if (!steps.ok)
    list.add([...path, 'from'], quoted(options.from ?? ''), `a unit to convert from: ${steps.problem}`);
  const shape: FieldShape = {
    name,
    type: options.type,
    range: options.range,
    calculate: steps.ok ? steps.calculate : undefined,
    oneOf: options.oneOf && storedValues(name, options, list),
    maxLength: options.maxLength,
    truncate: options.truncate,
  };
  const fallback = compileDefault(shape, options, list);
  const source = compileSource(options, { path }, names, list);
  const dynamic = isNamedByMessage ? compileTemplate(name, names) : undefined;
  if (dynamic !== undefined && !dynamic.ok) {
    const { problem: wrong, hint } = dynamic;
    list.add(path, quoted(name), `a field name with references in braces: ${wrong}`, { hint });
    return undefined;
  }
  if (source === undefined) return undefined;
  const prepare = compileWords(options);
  // Every reader has the same keys in the same order: reading them is faster so.
  const reader: FieldReader = {
    ...shape,
    get: source.get,
    origin: source.origin,
    dynamicName: dynamic && { get: dynamic.get, names: budget, tagNames },
    prepare,
    otherwise: options.otherwise === 'park' ? undefined : options.otherwise,
    fallback,
    isRequired: options.required,
    expected: options.expected,
  };
  const nameSource = dynamic && {
    get: dynamic.get,
    origin: () => name,
    text: name,
    ...describeReferences(dynamic.references),
  };
  return { reader, sources: nameSource === undefined ? [source] : [source, nameSource] };
}

function checkRange(path: RulePath, { range, type }: FieldOptions, list: ProblemList): void {
  if (range === undefined) return;
  const [low, high] = range;
  const rangePath = [...path, 'range'];
  if (!(low <= high)) list.add(rangePath, `[${low}, ${high}]`, 'two numbers, the lower one first');
  if (type !== 'float' && type !== 'int') {
    list.add(rangePath, `a range with ${type ?? 'no type'}`, 'type: float or type: int beside a range');
  }
}

/** Nothing that is stored could lie in an expected range beside the allowed one. */
function checkExpected(path: RulePath, { expected, range }: FieldOptions, list: ProblemList): void {
  if (expected === undefined) return;
  const [low, high] = expected;
  const expectedPath = [...path, 'expected'];
  if (!(low < high))
    list.add(expectedPath, `[${low}, ${high}]`, 'two different numbers, the lower one first');
  if (range === undefined || (high >= range[0] && low <= range[1])) return;
  list.add(
    expectedPath,
    `[${low}, ${high}]`,
    `numbers that the range [${range[0]}, ${range[1]}] lets through`,
  );
}

/** What stands beside a type that it means nothing for, and what needs another key. */
function checkKinds(path: RulePath, options: FieldOptions, list: ProblemList): void {
  const { type, otherwise, range } = options;
  for (const key of ONLY_NUMBERS) {
    if (options[key] === undefined || (type !== 'string' && type !== 'boolean')) continue;
    list.add(
      [...path, key],
      `${key === 'unit' ? 'a unit' : key} with ${type}`,
      `${key === 'unit' ? 'a unit' : key} beside a number only`,
    );
  }
  for (const key of ONLY_STRINGS) {
    if (options[key] === undefined || type === 'string') continue;
    list.add([...path, key], `${key} with ${type ?? 'no type'}`, `type: string beside ${key}`);
  }
  if (options.scale === 0) list.add([...path, 'scale'], '0', 'a number other than 0');
  if (otherwise === 'clamp' && range === undefined) {
    list.add([...path, 'otherwise'], 'clamp without a range', 'a range beside it');
  }
  if (otherwise === 'default' && options.default === undefined) {
    list.add([...path, 'otherwise'], 'default without a default', 'the default beside it');
  }
  if (options.required === true && options.default !== undefined) {
    list.add([...path, 'required'], 'required beside a default', 'only one of them');
  }
}

/** The default as it is stored: it is neither mapped nor calculated, and must be a value that the field may have. */
function compileDefault(
  shape: FieldShape,
  { default: value }: FieldOptions,
  list: ProblemList,
): Field | undefined {
  if (value === undefined) return undefined;
  const field = stored(shape, value);
  if (!(field instanceof MappingFailure)) return field;
  list.add(['fields', shape.name, 'default'], String(value), `a value that may be stored: ${field.reason}`);
  return undefined;
}

function storedValues(
  name: string,
  { oneOf = [], type }: FieldOptions,
  list: ProblemList,
): ReadonlySet<Field['value']> {
  const values = new Set<Field['value']>();
  for (const value of oneOf) {
    const field = stored({ name, type, range: undefined }, value);
    if (field instanceof MappingFailure) {
      list.add(['fields', name, 'oneOf'], String(value), `values that may be stored: ${field.reason}`);
    } else values.add(field.value);
  }
  return values;
}

function stored({ calculate: _none, ...shape }: FieldShape, value: Scalar): Field | MappingFailure {
  return toField(shape, value, createMappingWarningCounts());
}
