import {
  constantMeasurement,
  type FieldOptions,
  isTemplate,
  type RuleOptions,
  storesNothing,
} from '../rules/rule-options.js';
import type { FieldType } from '../sink/point.js';
import type { MeasurementSummary } from '../sink/store-reader.js';
import type { Aggregate } from '../windows/aggregate.js';
import { type ChartedResolution, chartedResolutions } from './resolutions.js';

/** A measurement as a dashboard shows it. */
export interface ChartedMeasurement {
  readonly name: string;
  /** Tag names in the order of the rules. */
  readonly tags: readonly string[];
  /** Absent while the fields are unknown, because no point is stored yet. */
  readonly fields?: readonly ChartedField[];
  /** Rows of windows that charts can read in place of points, finest first; absent: none. */
  readonly resolutions?: readonly ChartedResolution[];
}

export interface ChartedField {
  readonly name: string;
  readonly kind: 'number' | 'boolean' | 'text';
  /** The unit as the rule has it. */
  readonly unit?: string;
  readonly range?: readonly [number, number];
}

/**
 * Returns what the rules store, one entry per measurement. A field without a declared type counts as a number.
 *
 * @param stored the measurements in the store; they provide types, tags, and the fields of rules with `fields: auto`
 * @param aggregates the windows of the configuration
 */
export function chartedMeasurements(
  all: readonly RuleOptions[],
  stored: readonly MeasurementSummary[] = [],
  aggregates: readonly Aggregate[] = [],
): ChartedMeasurement[] {
  const rules = all.filter((rule) => !storesNothing(rule));
  const names = [...new Set(rules.flatMap(({ measurement }) => constantMeasurement(measurement) ?? []))];
  return names.map((name) => {
    const charted = chartedMeasurement(
      name,
      rules.filter((rule) => constantMeasurement(rule.measurement) === name),
      stored.find((summary) => summary.name === name),
    );
    const resolutions = aggregates.filter(({ from }) => from === name).flatMap(chartedResolutions);
    return resolutions.length === 0 ? charted : { ...charted, resolutions };
  });
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
      // Only the store knows names that messages give.
      if (isTemplate(field)) continue;
      declared.set(field, mergeOptions(declared.get(field), options));
    }
  }
  if (stored !== undefined) {
    return { name, tags, fields: stored.fields.map((field) => storedField(field, declared.get(field.name))) };
  }
  const fields = [...declared].map(([field, options]) => declaredField(field, options));
  const isKnown = rules.every(
    ({ fields: named, autoFields }) =>
      named !== 'auto' && autoFields === undefined && !Object.keys(named).some(isTemplate),
  );
  return { name, tags, fields: isKnown ? fields : undefined };
}

/** Merges the options of two rules that write the same field: the first rule counts, the second fills in. */
function mergeOptions(first: FieldOptions | undefined, second: FieldOptions): FieldOptions {
  if (first === undefined) return second;
  return {
    ...first,
    type: first.type ?? second.type,
    range: first.range ?? second.range,
    unit: first.unit ?? second.unit,
  };
}

function storedField(
  { name, type }: MeasurementSummary['fields'][number],
  declared: FieldOptions | undefined,
): ChartedField {
  return { name, kind: kindOf(type), unit: declared?.unit, range: declared?.range };
}

function declaredField(name: string, options: FieldOptions): ChartedField {
  const isOfPayload = readsPayload(options);
  const type = options.type ?? (isOfPayload ? 'float' : 'string');
  return { name, kind: kindOf(type), unit: options.unit, range: options.range };
}

/** Whether a field may have its value from the payload: without a type it is a number then, most likely. */
export function readsPayload({ path, cel }: Pick<FieldOptions, 'path' | 'cel'>): boolean {
  if (cel !== undefined) return true;
  return (
    path !== undefined &&
    [path].flat().some((reference) => !/^(?:topic|device|clientId|user|properties)\b/.test(reference))
  );
}

function kindOf(type: FieldType): ChartedField['kind'] {
  if (type === 'boolean') return 'boolean';
  return type === 'string' ? 'text' : 'number';
}
