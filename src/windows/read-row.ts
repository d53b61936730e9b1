import type { FieldSummary, NumberSummary, StepSummary } from '../sink/field-summary.js';
import type { Field } from '../sink/point.js';
import type { StoredRow } from '../sink/window-reader.js';
import type { Aggregate, AggregateField } from './aggregate.js';
import {
  binNames,
  HIDDEN_PARTS,
  type HiddenPart,
  hiddenName,
  INEXACT_FIELD,
  OPEN_FIELD,
} from './row-field-names.js';
import { parseSketch } from './sketch-text.js';
import { parseTopValues } from './top-values-text.js';

/** A row of a window that was written before, as coarser resolutions need it. */
export interface ReadRow {
  readonly summaries: ReadonlyMap<string, FieldSummary>;
  readonly isOpen: boolean;
  readonly isInexact: boolean;
}

/** The fields that `readRow` needs. */
export function fieldsToRead({ fields }: Aggregate): string[] {
  const names = [OPEN_FIELD, INEXACT_FIELD];
  for (const [name, { functions, histogram }] of fields) {
    names.push(...functions.filter((one) => one !== 'topk').map((one) => `${name}_${one}`));
    names.push(...HIDDEN_PARTS.map((part) => hiddenName(name, part)));
    if (histogram !== undefined) names.push(...binNames(histogram).map((bin) => `${name}_${bin}`));
  }
  return names;
}

export function readRow({ fields }: Aggregate, row: StoredRow): ReadRow {
  const stored = new Map(row.fields.map((field) => [field.name, field]));
  const summaries = new Map<string, FieldSummary>();
  for (const [name, options] of fields) {
    const summary = readSummary(name, options, stored);
    if (summary !== undefined) summaries.set(name, summary);
  }
  return {
    summaries,
    isOpen: stored.get(OPEN_FIELD)?.value === true,
    isInexact: stored.get(INEXACT_FIELD)?.value === true,
  };
}

/** Undefined where no value of the field fell into the window. */
function readSummary(
  name: string,
  { histogram }: AggregateField,
  stored: ReadonlyMap<string, Field>,
): FieldSummary | undefined {
  const visible = (one: string) => numberOf(stored.get(`${name}_${one}`));
  const hidden = (part: HiddenPart) => numberOf(stored.get(hiddenName(name, part)));
  const count = visible('count') ?? hidden('count');
  if (count === undefined || count === 0) return undefined;
  const trueCount = hidden('trues');
  const steps = readSteps(visible, hidden('seconds'));
  const numbers = readNumbers(count, visible, hidden);
  const bins = parsed(stored.get(hiddenName(name, 'sketch')), parseSketch);
  const top = parsed(stored.get(hiddenName(name, 'top')), parseTopValues);
  const counts = histogram && binNames(histogram).map((bin) => numberOf(stored.get(`${name}_${bin}`)));
  return {
    count,
    ...(trueCount !== undefined && { trueCount }),
    ...(steps !== undefined && { steps }),
    ...(top !== undefined && { top }),
    ...((numbers !== undefined || bins !== undefined || counts?.[0] !== undefined) && {
      numbers: {
        ...(numbers ?? NO_NUMBERS),
        ...(bins !== undefined && { sketch: bins }),
        ...(counts?.[0] !== undefined && { histogram: counts.map((one) => one ?? 0) }),
      },
    }),
  };
}

function parsed<T>(field: Field | undefined, parse: (text: string) => T): T | undefined {
  return field?.type === 'string' ? parse(field.value) : undefined;
}

/** Of numbers that no function of the row says; none of them is written again. */
const NO_NUMBERS: NumberSummary = {
  sum: Number.NaN,
  mean: Number.NaN,
  m2: Number.NaN,
  min: Number.NaN,
  max: Number.NaN,
  first: Number.NaN,
  last: Number.NaN,
};

type Visible = (one: string) => number | undefined;
type Hidden = (part: HiddenPart) => number | undefined;

function readNumbers(count: number, visible: Visible, hidden: Hidden): NumberSummary | undefined {
  const sum = visible('sum') ?? hidden('sum');
  const mean = visible('mean') ?? (sum === undefined ? undefined : sum / count);
  const m3 = hidden('m3');
  const m4 = hidden('m4');
  const known = {
    sum: sum ?? (mean === undefined ? undefined : mean * count),
    mean,
    m2: hidden('m2'),
    min: visible('min'),
    max: visible('max'),
    first: visible('first'),
    last: visible('last'),
  };
  const isNone = Object.values(known).every((value) => value === undefined);
  if (isNone && m3 === undefined) return undefined;
  const given = Object.entries(known).filter(([, value]) => value !== undefined);
  return {
    ...NO_NUMBERS,
    ...Object.fromEntries(given),
    ...(m3 !== undefined && { m3 }),
    ...(m4 !== undefined && { m4 }),
  };
}

function readSteps(visible: Visible, seconds: number | undefined): StepSummary | undefined {
  const changes = visible('changes');
  const increase = visible('increase');
  if (changes === undefined && increase === undefined && seconds === undefined) return undefined;
  const weighted = visible('time_weighted_mean');
  return {
    changes: changes ?? 0,
    increase: increase ?? 0,
    weightedSum: (weighted ?? 0) * (seconds ?? 0),
    seconds: seconds ?? 0,
  };
}

function numberOf(field: Field | undefined): number | undefined {
  return field?.type === 'float' || field?.type === 'int' ? Number(field.value) : undefined;
}
