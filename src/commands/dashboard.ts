import { writeFile } from 'node:fs/promises';
import { loadConfig } from '../config/load-config.js';
import { type ChartedMeasurement, chartedMeasurements, readsPayload } from '../grafana/charted.js';
import { dashboardJson } from '../grafana/dashboard-json.js';
import { rulesDashboard } from '../grafana/rules-dashboard.js';
import { errorText, SluiceError } from '../lib/errors.js';
import type { RuleOptions } from '../rules/rule-options.js';
import type { SinkOptions } from '../sink/create-sink.js';
import { influxSettings } from '../sink/influx/influx-options.js';
import { InfluxReader } from '../sink/influx/influx-reader.js';
import { InfluxTransport } from '../sink/influx/transport.js';
import type { MeasurementSummary } from '../sink/store-reader.js';
import type { DashboardOptions } from './options.js';

/**
 * `sluice dashboard`: writes the Grafana dashboard of the rules as JSON. Without `--from-store` it connects to nothing.
 */
export async function dashboard(options: DashboardOptions): Promise<number> {
  const { rules, sink, windows } = await loadConfig(options.config, {
    secrets: options.fromStore ? 'needed' : 'optional',
  });
  const stored = options.fromStore ? await storedMeasurements(sink) : undefined;
  const measurements = chartedMeasurements(rules, stored, windows?.aggregates);
  const json = dashboardJson(rulesDashboard(measurements, options));
  await writeText(`${JSON.stringify(json, null, 2)}\n`, options.out);
  for (const hint of hints(rules, sink, measurements, stored)) process.stderr.write(`${hint}\n`);
  return 0;
}

async function storedMeasurements(sink: SinkOptions): Promise<readonly MeasurementSummary[]> {
  if (sink.kind === 'duckdb') {
    throw new SluiceError(
      'USAGE_INVALID',
      '--from-store: the configuration stores in DuckDB, expected sink.influx',
    );
  }
  const settings = influxSettings(sink.influx);
  const transport = new InfluxTransport(settings);
  try {
    return await new InfluxReader(settings, transport).measurements();
  } finally {
    transport.close();
  }
}

async function writeText(text: string, out: string | undefined): Promise<void> {
  if (out === undefined) {
    process.stdout.write(text);
    return;
  }
  try {
    await writeFile(out, text);
  } catch (thrown) {
    throw new SluiceError('USAGE_INVALID', `--out: the file cannot be written: ${errorText(thrown)}`);
  }
}

/** Returns what the dashboard does not show well yet, and how to improve it. */
function hints(
  rules: readonly RuleOptions[],
  sink: SinkOptions,
  measurements: readonly ChartedMeasurement[],
  stored: readonly MeasurementSummary[] | undefined,
): string[] {
  const lines: string[] = [];
  if (sink.kind === 'duckdb') {
    lines.push(
      'The configuration stores in DuckDB: let the data source of Grafana point to this gateway, see docs/dashboards.md.',
    );
  }
  const unknown = measurements.filter(({ fields }) => fields === undefined).map(({ name }) => name);
  if (unknown.length > 0) {
    const more =
      stored === undefined
        ? 'With --from-store the dashboard gets a panel for each field in the store.'
        : 'The store has none of them yet: run this command again later.';
    lines.push(
      `The fields of ${unknown.join(', ')} are not known before points are stored (fields: auto). The dashboard lets you choose one. ${more}`,
    );
  }
  const untyped = stored === undefined ? untypedFields(rules) : [];
  if (untyped.length > 0) {
    lines.push(
      `These fields have no type and are charted as numbers: ${untyped.join(', ')}. Set type: string or boolean for the others.`,
    );
  }
  return lines;
}

/** Returns the fields that nothing marks as numbers. */
function untypedFields(rules: readonly RuleOptions[]): string[] {
  return rules.flatMap(({ name, fields }) => {
    if (fields === 'auto') return [];
    return Object.entries(fields)
      .filter(([, field]) => field.type === undefined && field.unit === undefined && readsPayload(field))
      .map(([field]) => `${name}.${field}`);
  });
}
