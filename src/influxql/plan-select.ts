import { columnNames } from './column-names.js';
import { expandDimensions, expandFields, type Schema } from './expand-fields.js';
import {
  AGGREGATES,
  type AggregateName,
  isMath,
  isTransformation,
  SELECTORS,
  TRANSFORMATIONS,
  type TransformationName,
  takes,
} from './functions.js';
import { InfluxqlError } from './influxql-error.js';
import type { PreparedSelect } from './prepare-select.js';
import type { Call, Expression, Reference } from './statement.js';
import type { ValueType } from './value.js';

const NS_PER_SECOND = 1_000_000_000n;

/** How the values of a call are computed. A field that no measurement has is of type undefined and has no values. */
export type CallPlan =
  | {
      readonly kind: 'aggregate';
      readonly name: AggregateName | 'distinct' | 'count distinct';
      readonly field: string;
      readonly type: ValueType | undefined;
      /** The percent of percentile, the number of values of top and bottom. */
      readonly rank: number;
    }
  | { readonly kind: 'values'; readonly field: string; readonly type: ValueType | undefined }
  | {
      readonly kind: 'transformation';
      readonly name: TransformationName;
      readonly of: CallPlan;
      readonly unitNs: bigint;
      /** Of moving_average. */
      readonly length: number;
    };

/** What the store is asked for: an aggregate, or the values of a field. */
export type LeafPlan = Exclude<CallPlan, { kind: 'transformation' }>;

/** A call or a bare reference: what a row has a value of, before arithmetic. */
export interface Slot<T> {
  readonly key: string;
  readonly of: T;
}

/** A SELECT whose names are known. */
export interface SelectPlan {
  /** The first one is the time. */
  readonly columns: readonly string[];
  readonly expressions: readonly Expression[];
  /** The tags of GROUP BY, sorted. */
  readonly tags: readonly string[];
  readonly calls: readonly Slot<CallPlan>[];
  readonly references: readonly Slot<Reference>[];
  /** True for one selector, which keeps the time of its value where there are no windows. */
  readonly isSelector: boolean;
}

export function planSelect(prepared: PreparedSelect, schema: Schema): SelectPlan {
  const { dimensions, windows } = prepared;
  const fields = expandFields(prepared.fields, dimensions, schema);
  const calls = new Map<string, Call>();
  const references = new Map<string, Reference>();
  for (const { expression } of fields) collect(expression, calls, references);
  const types = new Map<string, ValueType | undefined>();
  for (const [key, call] of calls) types.set(key, typeOf(planCall(call, schema, windows?.everyNs)));
  for (const [key, { name, cast }] of references) types.set(key, typeOfName(name, cast, schema));
  for (const { expression } of fields) expectNumbers(expression, types);
  const [only] = calls.values();
  return {
    columns: [prepared.timeColumn, ...columnNames(fields)],
    expressions: fields.map(({ expression }) => expression),
    tags: expandDimensions(dimensions, schema),
    calls: [...calls].map(([key, call]) => ({ key, of: planCall(call, schema, windows?.everyNs) })),
    references: [...references].map(([key, of]) => ({ key, of })),
    isSelector: calls.size === 1 && SELECTORS.has(only!.name),
  };
}

/** Equal calls and references have equal keys, and are computed once. */
export function keyOf(expression: Expression): string {
  return JSON.stringify(expression, (_name, value: unknown) =>
    typeof value === 'bigint' ? `${value}n` : value,
  );
}

/** How many windows before the first one have to be computed, too. */
export function windowsBefore(plan: CallPlan): number {
  if (plan.kind !== 'transformation') return 0;
  const needsNone = plan.name === 'cumulative_sum' || plan.name === 'integral';
  return windowsBefore(plan.of) + (needsNone ? 0 : 1);
}

/** What the store is asked for by a call. */
export function leafOf(plan: CallPlan): LeafPlan {
  return plan.kind === 'transformation' ? leafOf(plan.of) : plan;
}

/** The type that a column of the call has. */
export function typeOf(plan: CallPlan): ValueType | undefined {
  if (plan.kind === 'values') return plan.type;
  switch (plan.name) {
    case 'count':
    case 'count distinct':
    case 'elapsed':
      return 'integer';
    case 'mean':
    case 'median':
    case 'stddev':
    case 'derivative':
    case 'non_negative_derivative':
    case 'moving_average':
    case 'integral':
      return 'float';
    default:
      return plan.kind === 'aggregate' ? plan.type : typeOf(plan.of);
  }
}

function collect(expression: Expression, calls: Map<string, Call>, references: Map<string, Reference>): void {
  switch (expression.kind) {
    case 'reference':
      references.set(keyOf(expression), expression);
      return;
    case 'call':
      if (isMath(expression.name)) for (const arg of expression.args) collect(arg, calls, references);
      else calls.set(keyOf(expression), expression);
      return;
    case 'binary':
      collect(expression.left, calls, references);
      collect(expression.right, calls, references);
      return;
    default:
      return;
  }
}

/** Returns undefined for a name that is neither a field nor a tag. */
function typeOfName(name: string, cast: Reference['cast'], { fields, tags }: Schema): ValueType | undefined {
  const field = cast === 'tag' ? undefined : fields.get(name);
  return field ?? (tags.has(name) ? 'string' : undefined);
}

/** Throws an InfluxqlError for arithmetic with what is no number. */
function expectNumbers(expression: Expression, types: ReadonlyMap<string, ValueType | undefined>): void {
  if (types.has(keyOf(expression))) return;
  if (expression.kind !== 'binary' && expression.kind !== 'call') return;
  const isCall = expression.kind === 'call';
  const operands = isCall ? expression.args : [expression.left, expression.right];
  const what = isCall ? `${expression.name}()` : `the operator ${expression.operator}`;
  const isOfBits = !isCall && BIT_OPERATORS.has(expression.operator);
  for (const operand of operands) {
    const type = types.get(keyOf(operand)) ?? LITERAL_TYPES[operand.kind];
    if (type === 'string' || type === 'boolean' || (isOfBits && type === 'float')) {
      throw new InfluxqlError(`${what} takes ${isOfBits ? 'integers' : 'numbers'}, and not a ${type}`);
    }
    expectNumbers(operand, types);
  }
}

const BIT_OPERATORS: ReadonlySet<string> = new Set(['&', '|', '^']);
const LITERAL_TYPES: Partial<Record<Expression['kind'], ValueType>> = {
  string: 'string',
  boolean: 'boolean',
  number: 'float',
  integer: 'integer',
};

/** The call has passed `checkSelect`. */
function planCall(call: Call, schema: Schema, everyNs: bigint | undefined): CallPlan {
  const { name, args } = call;
  const [of, second] = args;
  if (isTransformation(name)) {
    const inner: CallPlan =
      of!.kind === 'call' ? planCall(of!, schema, everyNs) : { kind: 'values', ...fieldOf(of!, schema) };
    expectType(name, TRANSFORMATIONS[name], inner);
    const unitNs = name === 'elapsed' ? 1n : name === 'integral' ? NS_PER_SECOND : (everyNs ?? NS_PER_SECOND);
    return {
      kind: 'transformation',
      name,
      of: inner,
      unitNs: second?.kind === 'duration' ? second.ns : unitNs,
      length: second?.kind === 'integer' ? Number(second.value) : 0,
    };
  }
  const isOfDistinct = of!.kind === 'call';
  const field = fieldOf(of!.kind === 'call' ? of!.args[0]! : of!, schema);
  const rank = second?.kind === 'integer' || second?.kind === 'number' ? Number(second.value) : 0;
  const aggregate = isOfDistinct ? 'count distinct' : (name as AggregateName | 'distinct');
  const plan: CallPlan = { kind: 'aggregate', name: aggregate, ...field, rank };
  if (aggregate !== 'distinct' && aggregate !== 'count distinct') {
    expectType(name, AGGREGATES[aggregate], { kind: 'values', ...field });
  }
  return plan;
}

function fieldOf(
  expression: Expression,
  { fields }: Schema,
): { readonly field: string; readonly type: ValueType | undefined } {
  const { name, cast } = expression as Reference;
  const type = cast === 'tag' ? undefined : fields.get(name);
  if (cast !== undefined && cast !== 'tag' && cast !== 'field' && type !== undefined && cast !== type) {
    throw new InfluxqlError(`the cast "${name}"::${cast} is not supported: the field is of type ${type}`);
  }
  return { field: name, type };
}

function expectType(name: string, taken: Parameters<typeof takes>[0], of: CallPlan): void {
  const type = typeOf(of);
  if (type === undefined || takes(taken, type)) return;
  throw new InfluxqlError(
    `unsupported ${name} of a ${type}: ${name}() takes ${taken === 'number' ? 'numbers' : 'numbers and booleans'}`,
  );
}
