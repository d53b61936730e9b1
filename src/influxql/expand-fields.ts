import { nameOf } from './column-names.js';
import type { Dimension } from './grouping.js';
import { InfluxqlError } from './influxql-error.js';
import { compileRegex } from './regex.js';
import type { Call, Expression, Field, Reference } from './statement.js';
import type { ValueType } from './value.js';

/** What the measurements of a statement have. */
export interface Schema {
  readonly fields: ReadonlyMap<string, ValueType>;
  readonly tags: ReadonlySet<string>;
}

const ALSO_TEXT: ReadonlySet<string> = new Set(['count', 'first', 'last', 'distinct', 'elapsed', 'mode']);
const ALSO_BOOLEAN: ReadonlySet<string> = new Set(['min', 'max']);

/** Returns the tags of GROUP BY, sorted, each once. */
export function expandDimensions(dimensions: readonly Dimension[], { tags }: Schema): readonly string[] {
  const names = dimensions.flatMap((dimension) => {
    if ('tag' in dimension) return [dimension.tag];
    if (dimension.kind === 'wildcard') return [...tags];
    const matches = compileRegex(dimension.pattern);
    return [...tags].filter(matches);
  });
  return [...new Set(names)].sort(byBytes);
}

/** Puts the names in the place of `*` and of regular expressions; tags that are grouped by are no fields. */
export function expandFields(
  fields: readonly Field[],
  dimensions: readonly Dimension[],
  schema: Schema,
): readonly Field[] {
  const isGroupedByAll = dimensions.some((one) => !('tag' in one));
  const grouped = new Set(dimensions.flatMap((one) => ('tag' in one ? [one.tag] : [])));
  const tags = isGroupedByAll ? [] : [...schema.tags].filter((tag) => !grouped.has(tag));
  const ofFields = [...schema.fields.keys()].map(
    (name): Reference => ({ kind: 'reference', name, cast: 'field' }),
  );
  const ofTags = tags.map((name): Reference => ({ kind: 'reference', name, cast: 'tag' }));
  const all = ofFields.length === 0 ? [] : [...ofFields, ...ofTags];
  all.sort((a, b) => byBytes(a.name, b.name) || (a.cast === 'field' ? -1 : 1));
  return fields.flatMap((field) => expandField(field, all, schema));
}

function expandField(field: Field, all: readonly Reference[], schema: Schema): readonly Field[] {
  const { expression } = field;
  switch (expression.kind) {
    case 'wildcard':
      return all
        .filter(({ cast }) => expression.only === undefined || cast === expression.only)
        .map((reference) => ({ expression: reference }));
    case 'regex': {
      const matches = compileRegex(expression.pattern);
      return all.filter(({ name }) => matches(name)).map((reference) => ({ expression: reference }));
    }
    case 'call':
      return expandCall(field, expression, all, schema);
    default:
      return [field];
  }
}

function expandCall(field: Field, call: Call, all: readonly Reference[], schema: Schema): readonly Field[] {
  const { name, argument } = innermost(call);
  if (argument?.kind !== 'wildcard' && argument?.kind !== 'regex') return [field];
  if (argument.kind === 'wildcard' && argument.only === 'tag') {
    throw new InfluxqlError(`unable to use tag wildcard in ${name}()`);
  }
  const matches = argument.kind === 'regex' ? compileRegex(argument.pattern) : () => true;
  return all
    .filter((reference) => {
      const type = reference.cast === 'field' ? schema.fields.get(reference.name) : undefined;
      return type !== undefined && isTaken(name, type) && matches(reference.name);
    })
    .map((reference) => ({
      expression: withArgument(call, reference),
      alias: `${nameOf(field)}_${reference.name}`,
    }));
}

function isTaken(name: string, type: ValueType): boolean {
  if (type === 'float' || type === 'integer' || ALSO_TEXT.has(name)) return true;
  return type === 'boolean' && ALSO_BOOLEAN.has(name);
}

function innermost(call: Call): { readonly name: string; readonly argument: Expression | undefined } {
  const [argument] = call.args;
  return argument?.kind === 'call' ? innermost(argument) : { name: call.name, argument };
}

function withArgument(call: Call, reference: Reference): Call {
  const [argument, ...others] = call.args;
  const replaced = argument?.kind === 'call' ? withArgument(argument, reference) : reference;
  return { ...call, args: [replaced, ...others] };
}

/** Compares as InfluxDB sorts names: by their bytes in UTF-8. */
export function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
