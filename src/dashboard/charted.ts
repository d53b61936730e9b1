import type { FieldOptions, RuleOptions } from '../consumer/rules/rule-options.js';
import type { FieldType, MeasurementSummary } from '../sink/sink.js';

/** A measurement as a dashboard shows it. */
export interface ChartedMeasurement {
  readonly name: string;
  /** In the order of the rules. */
  readonly tags: readonly string[];
  /** Absent: what fields there are is not known before points are stored. */
  readonly fields?: readonly ChartedField[];
}

export interface ChartedField {
  readonly name: string;
  readonly kind: 'number' | 'boolean' | 'text';
  /** As the rule says it. */
  readonly unit?: string;
  readonly range?: readonly [number, number];
}

/**
 * What the rules will store, one entry a measurement. A field without a declared type is taken for a number.
 * `stored`: what the store holds of it; with it types, tags and the fields of `fields: auto` are known.
 */
export function chartedMeasurements(
  rules: readonly RuleOptions[],
  stored: readonly MeasurementSummary[] = [],
): ChartedMeasurement[] {
  const names = [...new Set(rules.map(({ measurement }) => measurement))];
  return names.map((name) =>
    chartedMeasurement(
      name,
      rules.filter(({ measurement }) => measurement === name),
      stored.find((summary) => summary.name === name),
    ),
  );
}

function chartedMeasurement(
  name: string,
  rules: readonly RuleOptions[],
  stored: MeasurementSummary | undefined,
): ChartedMeasurement {
  const tags = [...new Set([...rules.flatMap((rule) => Object.keys(rule.tags)), ...(stored?.tags ?? [])])];
  const declared = new Map<string, FieldOptions>();
  for (const { fields } of rules) {
    if (fields === 'auto') continue;
    for (const [field, options] of Object.entries(fields)) {
      // Of two rules that write the same field, what the first says counts, and the second fills in.
      declared.set(field, { ...options, ...declared.get(field) });
    }
  }
  if (stored !== undefined) {
    return { name, tags, fields: stored.fields.map((field) => storedField(field, declared.get(field.name))) };
  }
  const fields = [...declared].map(([field, options]) => declaredField(field, options));
  const isKnown = rules.every((rule) => rule.fields !== 'auto');
  return { name, tags, ...(isKnown ? { fields } : {}) };
}

function storedField(
  { name, type }: MeasurementSummary['fields'][number],
  declared: FieldOptions | undefined,
): ChartedField {
  return { name, kind: kindOf(type), ...saidOf(declared) };
}

function declaredField(name: string, options: FieldOptions): ChartedField {
  const isOfPayload = /^payload\b/.test(options.path);
  const type = options.type ?? (isOfPayload ? 'float' : 'string');
  return { name, kind: kindOf(type), ...saidOf(options) };
}

function kindOf(type: FieldType): ChartedField['kind'] {
  if (type === 'boolean') return 'boolean';
  return type === 'string' ? 'text' : 'number';
}

function saidOf(options: FieldOptions | undefined): Pick<ChartedField, 'unit' | 'range'> {
  const { unit, range } = options ?? {};
  return { ...(unit === undefined ? {} : { unit }), ...(range === undefined ? {} : { range }) };
}
