import { checkSelect } from './check-select.js';
import { foldConstants } from './fold-constants.js';
import { type Grouping, groupingOf } from './grouping.js';
import { MAX_TIME_NS, MIN_TIME_NS, splitCondition, type TimeRange } from './split-condition.js';
import type { Expression, Field, SelectStatement } from './statement.js';

/** A SELECT that is checked, with its times computed. What it names is not known yet. */
export interface PreparedSelect extends Grouping {
  readonly statement: SelectStatement;
  readonly timeColumn: string;
  /** Without `time`, which every row has. */
  readonly fields: readonly Field[];
  /** Absent: every point of the range. */
  readonly filter?: Expression;
  readonly range: TimeRange;
}

export function prepareSelect(statement: SelectStatement, nowNs: bigint): PreparedSelect {
  const time = { nowNs, zone: statement.zone };
  const condition = splitCondition(statement.condition, time);
  const grouping = groupingOf(statement.groupBy, time);
  const isTime = ({ expression }: Field) => expression.kind === 'reference' && expression.name === 'time';
  const fields = statement.fields
    .filter((field) => !isTime(field))
    .map((field) => ({ ...field, expression: foldConstants(field.expression, time) }));
  checkSelect(fields, statement, grouping.windows !== undefined);
  const { minNs, maxNs } = condition.range;
  // Windows end now where the statement does not say until when.
  const endsNow = grouping.windows !== undefined && maxNs === MAX_TIME_NS;
  return {
    statement,
    timeColumn: statement.fields.findLast(isTime)?.alias ?? 'time',
    fields,
    ...grouping,
    ...condition,
    range: { minNs, maxNs: endsNow ? nowNs : maxNs },
  };
}

/** Returns the range with so many windows before it, or behind it where the order is descending. */
export function earlierRange({ range, windows, statement }: PreparedSelect, count: number): TimeRange {
  const ns = BigInt(count) * (windows?.everyNs ?? 0n);
  if (ns === 0n) return range;
  if (!statement.ascending) return { ...range, maxNs: range.maxNs + ns };
  return range.minNs === MIN_TIME_NS ? range : { ...range, minNs: range.minNs - ns };
}

/** Returns the time of a value of the whole range. */
export function wholeRangeNs({ range }: PreparedSelect): bigint {
  return range.minNs === MIN_TIME_NS ? 0n : range.minNs;
}
