import type { FieldSummary, NumberSummary } from '../sink/field-summary.js';
import type { Field } from '../sink/point.js';
import { quantileOf } from '../sink/quantile-sketch.js';
import type { Aggregate, AggregateField, WindowFunction } from './aggregate.js';
import {
  binNames,
  hiddenName,
  INEXACT_FIELD,
  OPEN_FIELD,
  quantileName,
  topNames,
} from './row-field-names.js';
import { sketchText } from './sketch-text.js';
import { topValuesText } from './top-values-text.js';

/*
 * A row of a window has a field for each function of each field, and what coarser resolutions need to be merged from it.
 * Counts are ints, frequent values are texts, all else is floats, always: a store keeps the type that it saw first.
 */

export interface RowMarkers {
  /** The window has not closed: more points may come. */
  readonly isOpen: boolean;
  /** Not all values could be taken. */
  readonly isInexact: boolean;
}

/** The fields of a row; with hidden ones where coarser resolutions are merged from it. */
export function rowFields(
  aggregate: Aggregate,
  summaries: ReadonlyMap<string, FieldSummary>,
  { isOpen, isInexact }: RowMarkers,
): Field[] {
  const isMerged = aggregate.resolutions.length > 1;
  const fields: Field[] = [
    { name: OPEN_FIELD, type: 'boolean', value: isOpen },
    { name: INEXACT_FIELD, type: 'boolean', value: isInexact },
  ];
  for (const [name, options] of aggregate.fields) {
    const summary = summaries.get(name);
    if (summary === undefined) continue;
    for (const one of options.functions) {
      if (one === 'topk') continue;
      const field = functionField(name, one, summary);
      if (field !== undefined) fields.push(field);
    }
    fields.push(...topFields(name, options, summary));
    fields.push(...distributionFields(name, options, summary.numbers));
    if (isMerged) fields.push(...hiddenFields(name, options, summary));
  }
  return fields;
}

/** All of them always: a row that is computed again may have fewer values than before. */
function topFields(name: string, { top: most = 0 }: AggregateField, { top }: FieldSummary): Field[] {
  if (top === undefined) return [];
  const values = [...top.counts];
  return topNames(most).flatMap(([valueName, countName], nth) => {
    const [value = '', count = 0] = values[nth] ?? [];
    return [
      { name: `${name}_${valueName}`, type: 'string', value: String(value) },
      { name: `${name}_${countName}`, type: 'int', value: BigInt(count) },
    ];
  });
}

type ValueFunction = Exclude<WindowFunction, 'topk'>;

function functionField(name: string, one: ValueFunction, summary: FieldSummary): Field | undefined {
  if (one === 'count') return int(`${name}_count`, summary.count);
  if (one === 'changes') return int(`${name}_changes`, summary.steps?.changes);
  return float(`${name}_${one}`, functionValue(one, summary));
}

function functionValue(
  one: Exclude<ValueFunction, 'count' | 'changes'>,
  { count, numbers, trueCount, steps }: FieldSummary,
): number | undefined {
  switch (one) {
    case 'true_ratio':
      return trueCount === undefined ? undefined : trueCount / count;
    case 'increase':
      return numbers && steps?.increase;
    case 'time_weighted_mean':
      return numbers && steps && (steps.seconds > 0 ? steps.weightedSum / steps.seconds : numbers.mean);
    case 'stddev':
      return numbers && count > 1 ? Math.sqrt(numbers.m2 / (count - 1)) : undefined;
    case 'skew':
      return numbers?.m3 === undefined ? undefined : skewOf(count, numbers.m2, numbers.m3);
    case 'kurtosis':
      return numbers?.m4 === undefined ? undefined : kurtosisOf(count, numbers.m2, numbers.m4);
    default:
      return numbers?.[one];
  }
}

/** The population's skewness; 0 where all values are equal. */
function skewOf(count: number, m2: number, m3: number): number {
  return m2 === 0 ? 0 : (Math.sqrt(count) * m3) / m2 ** 1.5;
}

/** The population's excess kurtosis; 0 where all values are equal. */
function kurtosisOf(count: number, m2: number, m4: number): number {
  return m2 === 0 ? 0 : (count * m4) / (m2 * m2) - 3;
}

function distributionFields(
  name: string,
  { quantiles, histogram }: AggregateField,
  numbers: NumberSummary | undefined,
): Field[] {
  const fields: (Field | undefined)[] = [];
  if (numbers?.sketch !== undefined) {
    for (const q of quantiles)
      fields.push(float(`${name}_${quantileName(q)}`, quantileOf(numbers.sketch, q)));
  }
  if (histogram !== undefined && numbers?.histogram !== undefined) {
    const counts = numbers.histogram;
    fields.push(...binNames(histogram).map((bin, nth) => int(`${name}_${bin}`, counts[nth])));
  }
  return fields.filter((field) => field !== undefined);
}

/** What the functions of the row do not say and a merge needs. */
function hiddenFields(name: string, options: AggregateField, summary: FieldSummary): Field[] {
  const { functions, quantiles } = options;
  const has = (one: WindowFunction) => functions.includes(one);
  const { count, numbers, trueCount, steps, top } = summary;
  const fields: (Field | undefined)[] = [];
  if (!has('count')) fields.push(int(hiddenName(name, 'count'), count));
  if (has('true_ratio')) fields.push(int(hiddenName(name, 'trues'), trueCount));
  if (top !== undefined) {
    fields.push({ name: hiddenName(name, 'top'), type: 'string', value: topValuesText(top) });
  }
  if (numbers !== undefined) {
    const needsMoments = has('stddev') || has('skew') || has('kurtosis');
    // A mean of several rows needs their sums: InfluxQL cannot add up products.
    if (!has('sum') && (needsMoments || has('mean')))
      fields.push(float(hiddenName(name, 'sum'), numbers.sum));
    if (needsMoments) fields.push(float(hiddenName(name, 'm2'), numbers.m2));
    fields.push(float(hiddenName(name, 'm3'), numbers.m3), float(hiddenName(name, 'm4'), numbers.m4));
    if (quantiles.length > 0 && numbers.sketch !== undefined) {
      fields.push({ name: hiddenName(name, 'sketch'), type: 'string', value: sketchText(numbers.sketch) });
    }
    if (has('time_weighted_mean')) fields.push(float(hiddenName(name, 'seconds'), steps?.seconds));
  }
  return fields.filter((field) => field !== undefined);
}

function int(name: string, value: number | undefined): Field | undefined {
  return value === undefined ? undefined : { name, type: 'int', value: BigInt(value) };
}

/** A value that is no finite number, as a sum beyond all doubles, has no field: no store could take it. */
function float(name: string, value: number | undefined): Field | undefined {
  return value === undefined || !Number.isFinite(value) ? undefined : { name, type: 'float', value };
}
