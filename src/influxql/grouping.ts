import { foldConstants, type StatementTime } from './fold-constants.js';
import { InfluxqlError } from './influxql-error.js';
import type { Call, Expression, Regex } from './statement.js';
import { looksLikeTime, timeOfText } from './time-text.js';
import { TimeWindows } from './time-windows.js';

/** An element of GROUP BY beside time(). */
export type Dimension = { readonly tag: string } | Regex | { readonly kind: 'wildcard' };

/** What GROUP BY says. */
export interface Grouping {
  /** Absent without time(). */
  readonly windows?: TimeWindows;
  readonly dimensions: readonly Dimension[];
}

export function groupingOf(groupBy: readonly Expression[], time: StatementTime): Grouping {
  let windows: TimeWindows | undefined;
  const dimensions: Dimension[] = [];
  for (const one of groupBy) {
    if (one.kind !== 'call') {
      dimensions.push(dimensionOf(one));
      continue;
    }
    if (windows !== undefined) throw new InfluxqlError('multiple time dimensions not allowed');
    windows = windowsOf(one, time);
  }
  return windows === undefined ? { dimensions } : { windows, dimensions };
}

function dimensionOf(expression: Expression): Dimension {
  switch (expression.kind) {
    case 'reference':
      if (expression.name.toLowerCase() === 'time') {
        throw new InfluxqlError('time() is a function and expects at least one argument');
      }
      return { tag: expression.name };
    case 'wildcard':
      return { kind: 'wildcard' };
    case 'regex':
      return expression;
    default:
      throw new InfluxqlError('only time and tag dimensions allowed');
  }
}

function windowsOf({ name, args }: Call, time: StatementTime): TimeWindows {
  if (name !== 'time') throw new InfluxqlError('only time() calls allowed in dimensions');
  const [every, offset] = args.map((arg) => foldConstants(arg, time));
  if (every === undefined || args.length > 2) {
    throw new InfluxqlError('time dimension expected 1 or 2 arguments');
  }
  if (every.kind !== 'duration' || every.ns <= 0n) {
    throw new InfluxqlError('time dimension must have duration argument');
  }
  return new TimeWindows(every.ns, offset === undefined ? 0n : offsetNs(offset, time) % every.ns, time.zone);
}

function offsetNs(offset: Expression, { zone }: StatementTime): bigint {
  if (offset.kind === 'duration' || offset.kind === 'time') return offset.ns;
  if (offset.kind === 'string' && looksLikeTime(offset.value)) return timeOfText(offset.value, zone);
  throw new InfluxqlError('time dimension offset must be duration or now()');
}
