import { quoted } from '../lib/printable.js';
import { TimeZone } from '../lib/time-zone.js';
import { MappingFailure, type Reading } from './mapped.js';
import type { RuleOptions, TimeOptions } from './rule-options.js';
import type { ProblemList, RulePath } from './rule-problem.js';
import { compileSource, type Source, type SourceNames } from './source.js';
import {
  DEFAULT_TIME_WINDOW,
  obviousPrecisionNs,
  obviousTime,
  type ReadClock,
  receiveTime,
  type TimeBase,
  type TimeReader,
  timeAt,
} from './time.js';
import { precisionNs } from './time-precision.js';
import { type SpanSource, timeShift } from './time-shift.js';

export interface CompiledTime {
  readonly read: TimeReader;
  /** The sources that the time is made of. */
  readonly sources: readonly Source[];
  /** The span in which the device writes all instants alike; undefined where the receive time is used. */
  readonly precisionNs: (reading: Reading) => number | undefined;
  /** Whether two elements of a message may have different times. */
  readonly dependsOnElement: boolean;
}

interface TimeContext {
  readonly names: SourceNames;
  /** What `time: auto` looks into, in this order. */
  readonly bases: readonly TimeBase[];
  /** The variable with the index of the innermost `each`. */
  readonly index: string | undefined;
}

/** Compiles the time of a rule, and adds everything wrong with it to `list`. */
export function compileTime(
  options: RuleOptions['time'],
  { names, bases, index }: TimeContext,
  list: ProblemList,
  readClock?: ReadClock,
): CompiledTime {
  const noPrecision = () => undefined;
  if (options === undefined) {
    return {
      read: receiveTime(readClock),
      sources: [],
      precisionNs: noPrecision,
      dependsOnElement: false,
    };
  }
  if (options === 'auto') {
    const read = obviousTime(bases, DEFAULT_TIME_WINDOW, readClock);
    const precision = (reading: Reading) => obviousPrecisionNs(bases, reading);
    return { read, sources: [], precisionNs: precision, dependsOnElement: index !== undefined };
  }
  const isWindowFine = checkWindow(options, list);
  const zone = options.zone === undefined ? undefined : TimeZone.of(options.zone);
  if (options.zone !== undefined && zone === undefined) {
    const known = TimeZone.ofCity(options.zone);
    list.add(['time', 'zone'], quoted(options.zone), 'an IANA time zone such as Europe/Berlin or UTC', {
      hint: known === undefined ? undefined : `did you mean ${known}?`,
    });
  }
  const source = compileSource(options, { path: ['time'], isPayloadPath: true }, names, list);
  const interval = compileInterval(options.interval, index, names, list);
  const offset = options.offset && compileSpan(options.offset, ['time', 'offset'], names, list);
  if (source === undefined || !isWindowFine) {
    return { read: receiveTime(readClock), sources: [], precisionNs: noPrecision, dependsOnElement: true };
  }
  const spans = [interval, offset].filter((span) => span !== undefined && typeof span !== 'bigint');
  const sources = [source, ...spans.map((span) => span.source)];
  const { unit, otherwise, maxPastMs, maxFutureMs } = options;
  const read = timeAt(
    {
      get: source.get,
      origin: source.origin,
      path: source.text,
      unit,
      zone,
      otherwise,
      maxPastMs,
      maxFutureMs,
      shift: timeShift({ interval, index, offset }),
    },
    readClock,
  );
  const dependsOnElement = interval !== undefined || sources.some(({ reads }) => reads.has('variable'));
  const precision = (reading: Reading) => {
    const found = source.get(reading);
    return found instanceof MappingFailure ? undefined : precisionNs(found, unit);
  };
  return { read, sources, precisionNs: precision, dependsOnElement };
}

function checkWindow(options: TimeOptions, list: ProblemList): boolean {
  const window = [
    ['maxPastMs', options.maxPastMs],
    ['maxFutureMs', options.maxFutureMs],
  ] as const;
  let isFine = true;
  for (const [key, ms] of window) {
    if (Number.isFinite(ms) && ms >= 0) continue;
    isFine = false;
    list.add(['time', key], String(ms), 'a duration of zero or more');
  }
  return isFine;
}

type CompiledSpan = SpanSource & { readonly source: Source };

function compileInterval(
  interval: TimeOptions['interval'],
  index: string | undefined,
  names: SourceNames,
  list: ProblemList,
): bigint | CompiledSpan | undefined {
  if (interval === undefined) return undefined;
  if (index === undefined) {
    list.add(['time', 'interval'], 'an interval without each', 'the list in each that it counts along');
    return undefined;
  }
  if (typeof interval === 'number') return BigInt(Math.round(interval * 1_000_000));
  return compileSpan(interval, ['time', 'interval'], names, list);
}

function compileSpan(
  { path, unit }: { readonly path: string | readonly string[]; readonly unit: SpanSource['unit'] },
  at: RulePath,
  names: SourceNames,
  list: ProblemList,
): CompiledSpan | undefined {
  const source = compileSource({ path }, { path: at, isPayloadPath: true }, names, list);
  return source && { get: source.get, text: source.text, unit, source };
}
