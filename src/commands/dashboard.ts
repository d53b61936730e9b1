import { writeFile } from 'node:fs/promises';
import { loadConfig } from '../config/load-config.js';
import type { SinkConfig } from '../config/sluice-config.js';
import type { RuleOptions } from '../consumer/rules/rule-options.js';
import { type ChartedMeasurement, chartedMeasurements } from '../dashboard/charted.js';
import { dashboardJson } from '../dashboard/dashboard.js';
import { rulesDashboard } from '../dashboard/rules-dashboard.js';
import { errorText, SluiceError } from '../errors.js';
import { influxSettings } from '../sink/influx/influx-options.js';
import { InfluxReader } from '../sink/influx/influx-reader.js';
import { InfluxTransport } from '../sink/influx/transport.js';
import type { MeasurementSummary } from '../sink/sink.js';
import type { DashboardOptions } from './options.js';

/** `sluice dashboard`: Grafana's JSON for what the rules store. Without `--from-store` it connects to nothing. */
export async function dashboard(options: DashboardOptions): Promise<number> {
  const { rules, sink } = await loadConfig(options.config);
  const stored = options.fromStore ? await storedMeasurements(sink) : undefined;
  const measurements = chartedMeasurements(rules, stored);
  const json = dashboardJson(rulesDashboard(measurements, options));
  await give(`${JSON.stringify(json, null, 2)}\n`, options.out);
  for (const remark of remarks(rules, sink, measurements, stored)) process.stderr.write(`${remark}\n`);
  return 0;
}

async function storedMeasurements(sink: SinkConfig): Promise<readonly MeasurementSummary[]> {
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

async function give(text: string, out: string | undefined): Promise<void> {
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

/** What the dashboard cannot show as well as it could, and how it would. */
function remarks(
  rules: readonly RuleOptions[],
  sink: SinkConfig,
  measurements: readonly ChartedMeasurement[],
  stored: readonly MeasurementSummary[] | undefined,
): string[] {
  const lines: string[] = [];
  if (sink.kind === 'duckdb') {
    lines.push('The configuration stores in DuckDB; this dashboard asks InfluxDB. Set sink.influx.');
  }
  const unknown = measurements.filter(({ fields }) => fields === undefined).map(({ name }) => name);
  if (unknown.length > 0) {
    const more =
      stored === undefined
        ? 'With --from-store it has a panel for each field that the store holds.'
        : 'The store holds none of them yet: run it again when it does.';
    lines.push(
      `Not known before points are stored: the fields of ${unknown.join(', ')} (fields: auto). The dashboard lets you choose one. ${more}`,
    );
  }
  const untyped = stored === undefined ? untypedFields(rules) : [];
  if (untyped.length > 0) {
    lines.push(
      `Taken for numbers, having no type: ${untyped.join(', ')}. Say type: string or boolean for those that are none.`,
    );
  }
  return lines;
}

/** Fields of which nothing says that they are numbers. */
function untypedFields(rules: readonly RuleOptions[]): string[] {
  return rules.flatMap(({ name, fields }) => {
    if (fields === 'auto') return [];
    return Object.entries(fields)
      .filter(
        ([, { type, unit, path }]) => type === undefined && unit === undefined && /^payload\b/.test(path),
      )
      .map(([field]) => `${name}.${field}`);
  });
}
