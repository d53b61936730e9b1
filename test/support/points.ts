import type { Field, Point, Series } from '../../src/sink/point.js';

/** A series as the consumer makes it: tags sorted by the UTF-8 bytes of their names, no empty value. */
export function seriesOf(measurement: string, tags: Readonly<Record<string, string>> = {}): Series {
  return {
    measurement,
    tags: Object.entries(tags)
      .map(([name, value]) => ({ name, value }))
      .sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name))),
  };
}

/** number → float, bigint → int, string → string, boolean → boolean. */
export function fieldsOf(values: Readonly<Record<string, number | bigint | string | boolean>>): Field[] {
  return Object.entries(values).map(([name, value]): Field => {
    if (typeof value === 'number') return { name, type: 'float', value };
    if (typeof value === 'bigint') return { name, type: 'int', value };
    if (typeof value === 'string') return { name, type: 'string', value };
    return { name, type: 'boolean', value };
  });
}

export function pointOf(
  series: Series,
  timestampNs: bigint,
  values: Readonly<Record<string, number | bigint | string | boolean>>,
): Point {
  return { series, timestampNs, fields: fieldsOf(values) };
}
