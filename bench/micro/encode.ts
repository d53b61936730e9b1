import { Point as ClientPoint } from '@influxdata/influxdb-client';
import { LineEncoder } from '../../src/sink/influx/line.js';
import type { Point } from '../../src/sink/point.js';
import { ruleApply } from './apply.js';
import { cityRecords } from './readings.js';
import { type Comparison, compare, type RoundSizes } from './rounds.js';

/** Our line encoder, with its cached series prefix, beside the client package's Point. Both give the same line. */
export function compareEncode(sizes: RoundSizes): Promise<Comparison> {
  const points = cityRecords(2000).flatMap(ruleApply());
  const encoder = new LineEncoder();
  for (const point of points.slice(0, 20)) sameLine(String(encoder.encode(point)), clientLine(point));
  return compare(
    { name: 'encode: line', alternative: 'Point.toLineProtocol() of @influxdata/influxdb-client' },
    () => {
      let characters = 0;
      for (const point of points) {
        const line = encoder.encode(point);
        if (typeof line === 'string') characters += line.length;
      }
      if (characters === 0) throw new Error('no point could be written as a line');
      return points.length;
    },
    () => {
      let characters = 0;
      for (const point of points) characters += clientLine(point).length;
      return characters > 0 ? points.length : 0;
    },
    sizes,
  );
}

function clientLine({ series, fields, timestampNs }: Point): string {
  const point = new ClientPoint(series.measurement);
  for (const { name, value } of series.tags) point.tag(name, value);
  for (const field of fields) if (field.type === 'float') point.floatField(field.name, field.value);
  return point.timestamp(String(timestampNs)).toLineProtocol() ?? '';
}

/** The client sorts fields by name; a line is the same whatever the order of its fields. */
function sameLine(ours: string, theirs: string): void {
  const parts = (line: string) => line.split(/[ ,]/).sort().join(' ');
  if (parts(ours) !== parts(theirs)) throw new Error(`two different lines:\n${ours}\n${theirs}`);
}
