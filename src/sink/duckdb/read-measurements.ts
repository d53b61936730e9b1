import type { FieldType, MeasurementSummary } from '../sink.js';
import { SCHEMA } from './measurement-table.js';
import type { Reading } from './reading.js';

export async function readMeasurements(reading: Reading): Promise<readonly MeasurementSummary[]> {
  const rows = await reading.rows(
    `SELECT m.name, c.kind, c.name, c.type FROM ${SCHEMA}.measurements m
     JOIN ${SCHEMA}.columns c ON c.measurement = m.id ORDER BY m.name, c.kind, c.position`,
  );
  const byName = new Map<string, { tags: string[]; fields: { name: string; type: FieldType }[] }>();
  for (const row of rows) {
    const [measurement, kind, name, type] = row as [string, string, string, FieldType];
    let summary = byName.get(measurement);
    if (summary === undefined) {
      summary = { tags: [], fields: [] };
      byName.set(measurement, summary);
    }
    if (kind === 'tag') summary.tags.push(name);
    else summary.fields.push({ name, type });
  }
  return [...byName].map(([name, { tags, fields }]) => ({ name, tags, fields }));
}
