import { BoundedCache } from '../../lib/bounded-cache.js';
import type { Field, Point, Series } from '../point.js';

/** The reason why a point cannot be written as one line that every reader of line protocol reads alike. */
export class NotExpressible {
  readonly reason: string;

  constructor(reason: string) {
    this.reason = reason;
  }
}

/** InfluxDB's limit for a string field. https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/ (2026) */
const MAX_STRING_BYTES = 65_536;
const MAX_INT64 = 9_223_372_036_854_775_807n;
const MIN_INT64 = -9_223_372_036_854_775_808n;
/** With the default rule field names come from devices, so the cache must be bounded. */
const MAX_CACHED_NAMES = 10_000;

// biome-ignore lint/suspicious/noControlCharactersInRegex: finding control characters is the purpose
const UNWRITABLE = /[\u0000-\u001f\u007f]|\p{Surrogate}/u;
const MEASUREMENT_SPECIAL = /[, ]/g;
const NAME_SPECIAL = /[,= ]/g;
const STRING_SPECIAL = /["\\]/g;
// InfluxDB 1 and 2 have no escape for `\` outside strings and read `\\,` as a backslash and an escaped comma;
// InfluxDB 3 and VictoriaMetrics read it as an escaped backslash and a bare comma: a device could add tags with
// it. And `\\` alone is two characters to the former and one to the latter: two series would become one.
const AMBIGUOUS_BACKSLASH = /\\(?:[,= \\]|$)/;

/**
 * Encodes points as line protocol with ns timestamps. It escapes the prefix of a series once. It is stricter about
 * names than any single store: it rejects a name that some store would read differently.
 */
export class LineEncoder {
  readonly #prefixes = new WeakMap<Series, string | NotExpressible>();
  readonly #fieldKeys = new BoundedCache<string | NotExpressible>(MAX_CACHED_NAMES);

  /** Returns the line without a line feed, or the reason why there is none. */
  encode(point: Point): string | NotExpressible {
    const { series, fields, timestampNs } = point;
    let line = this.#prefixes.get(series) ?? this.#cachePrefix(series);
    if (typeof line !== 'string') return line;
    if (fields.length === 0) return new NotExpressible('the point has no field');

    let separator = ' ';
    for (const field of fields) {
      const key = this.#fieldKeys.get(field.name) ?? this.#cacheFieldKey(field.name);
      if (typeof key !== 'string') return key;
      if (field.type === 'float') {
        const { value } = field;
        if (!Number.isFinite(value)) return notFinite(field.name, value);
        // String(-0) is '0'.
        line += separator + key + value;
      } else {
        const text = valueText(field);
        if (typeof text !== 'string') return text;
        line += separator + key + text;
      }
      separator = ',';
    }
    if (timestampNs > MAX_INT64 || timestampNs < MIN_INT64) {
      return new NotExpressible(`the timestamp ${timestampNs} ns is outside 64 bits`);
    }
    return `${line} ${timestampNs}`;
  }

  #cachePrefix(series: Series): string | NotExpressible {
    const prefix = seriesPrefix(series);
    this.#prefixes.set(series, prefix);
    return prefix;
  }

  #cacheFieldKey(name: string): string | NotExpressible {
    const problem = nameProblem('field name', name);
    const key = problem ?? `${name.replace(NAME_SPECIAL, '\\$&')}=`;
    this.#fieldKeys.set(name, key);
    return key;
  }
}

function seriesPrefix({ measurement, tags }: Series): string | NotExpressible {
  const problem = textProblem('measurement', measurement);
  if (problem !== undefined) return problem;
  if (measurement.startsWith('#')) {
    return new NotExpressible(
      `the measurement ${shown(measurement)} starts with #, which makes the line a comment`,
    );
  }
  if (measurement.startsWith('_')) {
    return new NotExpressible(
      `the measurement ${shown(measurement)} starts with _, which InfluxDB keeps for itself`,
    );
  }
  let prefix = measurement.replace(MEASUREMENT_SPECIAL, '\\$&');
  for (const { name, value } of tags) {
    const tagProblem =
      nameProblem('tag name', name) ?? textProblem(`value of the tag ${shown(name)},`, value);
    if (tagProblem !== undefined) return tagProblem;
    prefix += `,${name.replace(NAME_SPECIAL, '\\$&')}=${value.replace(NAME_SPECIAL, '\\$&')}`;
  }
  return prefix;
}

function valueText(field: Exclude<Field, { type: 'float' }>): string | NotExpressible {
  if (field.type === 'boolean') return field.value ? 'T' : 'F';
  if (field.type === 'string') return stringText(field.name, field.value);
  if (field.value > MAX_INT64 || field.value < MIN_INT64) {
    return new NotExpressible(`the field ${shown(field.name)} is ${field.value}, outside 64 bits`);
  }
  return `${field.value}i`;
}

function stringText(name: string, value: string): string | NotExpressible {
  // A UTF-16 unit is at most three bytes: only long strings need counting.
  if (value.length * 3 > MAX_STRING_BYTES && Buffer.byteLength(value) > MAX_STRING_BYTES) {
    return new NotExpressible(`the field ${shown(name)} is a string of more than ${MAX_STRING_BYTES} bytes`);
  }
  // VictoriaMetrics ends a line at every line feed, even a quoted one: a device could inject points.
  if (UNWRITABLE.test(value)) {
    return new NotExpressible(
      `the string in the field ${shown(name)} holds a control character or half a character`,
    );
  }
  return `"${value.replace(STRING_SPECIAL, '\\$&')}"`;
}

/** Returns the problem of a tag or field name. */
function nameProblem(what: string, name: string): NotExpressible | undefined {
  if (name === 'time') return new NotExpressible(`the ${what} "time" is InfluxDB's own`);
  if (name.startsWith('_')) {
    return new NotExpressible(`the ${what} ${shown(name)} starts with _, which InfluxDB keeps for itself`);
  }
  return textProblem(what, name);
}

function textProblem(what: string, text: string): NotExpressible | undefined {
  if (text === '') return new NotExpressible(`the ${what} is empty`);
  if (UNWRITABLE.test(text)) {
    return new NotExpressible(`the ${what} ${shown(text)} holds a control character or half a character`);
  }
  if (AMBIGUOUS_BACKSLASH.test(text)) {
    return new NotExpressible(
      `the ${what} ${shown(text)} has a backslash at its end or before a comma, blank, = or backslash`,
    );
  }
  return undefined;
}

function notFinite(name: string, value: number): NotExpressible {
  return new NotExpressible(`the field ${shown(name)} is ${value}`);
}

/** Returns a text for a reason: escaped and shortened. */
function shown(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text);
}

/** Returns a function that shows points to people: as a line, or with the reason why there is no line. */
export function newLineText(): (point: Point) => string {
  const encoder = new LineEncoder();
  return (point) => {
    const line = encoder.encode(point);
    return typeof line === 'string' ? line : `(cannot be written: ${line.reason})`;
  };
}
