import { formatDuration } from '../lib/quantity.js';
import { constantMeasurement, type RuleOptions } from '../rules/rule-options.js';
import type { Aggregate } from '../windows/aggregate.js';
import { ROW_MARKERS, rowFieldNames } from '../windows/row-field-names.js';
import type { Findings } from './findings.js';
import type { KeyPath } from './problem.js';
import { retentionOfPoints } from './resolve-windows.js';
import { MAX_AGGREGATES } from './schema-windows.js';
import { selfMeasurements } from './self-measurements.js';
import type { SluiceConfig } from './sluice-config.js';

const AGGREGATES: KeyPath = ['windows', 'aggregates'];

/** Checks the aggregates against one another and against rules, store and stream. */
export function checkWindows(config: SluiceConfig, findings: Findings): void {
  const { windows, stream } = config;
  if (windows === undefined) return;
  const { aggregates } = windows;
  if (stream.kinesis?.reader.leases !== undefined) checkShared(config, findings);
  if (aggregates.length > MAX_AGGREGATES) {
    findings.add([AGGREGATES], {
      got: `${aggregates.length} aggregates`,
      expected: `at most ${MAX_AGGREGATES}`,
    });
  }
  for (const [index, aggregate] of aggregates.entries()) {
    const at: KeyPath = [...AGGREGATES, index];
    checkMeasurements(aggregate, aggregates.slice(0, index), config, at, findings);
    checkFrom(aggregate, aggregates, at, findings);
    checkTags(aggregate, config.rules, at, findings);
    checkStore(aggregate, config, at, findings);
  }
}

/** One of the consumers computes the windows of all of them, from a store that all of them write to. */
function checkShared({ sink }: SluiceConfig, findings: Findings): void {
  if (sink.kind === 'influx') return;
  findings.add([AGGREGATES, ['stream', 'kinesis', 'checkpoints']], {
    got: 'windows with stream.kinesis.checkpoints: dynamodb and DuckDB, which each consumer has its own of',
    expected: 'sink.influx, where all consumers write to, or checkpoints: file',
  });
}

/** No two writers share a measurement: one would overwrite the other's rows. */
function checkMeasurements(
  { name, resolutions }: Aggregate,
  earlier: readonly Aggregate[],
  { rules, metrics }: SluiceConfig,
  at: KeyPath,
  findings: Findings,
): void {
  const namePath: KeyPath = [...at, 'name'];
  const twin = earlier.findIndex((other) => other.name === name);
  if (twin !== -1) {
    findings.add([namePath, [...AGGREGATES, twin, 'name']], {
      expected: `a name that no other aggregate has; ${findings.keyOf([...AGGREGATES, twin])} has this one`,
    });
  }
  for (const { measurement } of resolutions) {
    const rule = rules.findIndex((one) => constantMeasurement(one.measurement) === measurement);
    if (rule !== -1) {
      findings.add([namePath, ['rules', rule, 'measurement']], {
        got: `the measurement ${measurement}`,
        expected: `one that no rule writes; ${findings.keyOf(['rules', rule])} writes it`,
      });
    }
    if (selfMeasurements({ metrics }).includes(measurement)) {
      findings.add([namePath, ['metrics', 'store', 'measurement']], {
        got: `the measurement ${measurement}`,
        expected: 'one that is not of metrics.store',
      });
    }
  }
}

function checkFrom({ from }: Aggregate, all: readonly Aggregate[], at: KeyPath, findings: Findings): void {
  const source = all.findIndex(({ resolutions }) =>
    resolutions.some(({ measurement }) => measurement === from),
  );
  if (source === -1) return;
  findings.add(
    [
      [...at, 'from'],
      [...AGGREGATES, source, 'name'],
    ],
    {
      expected: `a measurement that rules write; this one has the rows of ${findings.keyOf([...AGGREGATES, source])}`,
      hint: 'write a further resolution there',
    },
  );
}

/** Without `by` a row has the tags of its series. Those of `by` are checked with the aggregate itself. */
function checkTags(
  { by, from, fields }: Aggregate,
  rules: readonly RuleOptions[],
  at: KeyPath,
  findings: Findings,
): void {
  if (by !== undefined) return;
  const names = new Set<string>([
    ...ROW_MARKERS,
    ...[...fields].flatMap(([field, aggregated]) => rowFieldNames(field, aggregated)),
  ]);
  for (const [index, rule] of rules.entries()) {
    if (constantMeasurement(rule.measurement) !== from) continue;
    for (const tag of Object.keys(rule.tags).filter((name) => names.has(name))) {
      findings.add(
        [
          [...at, 'fields'],
          ['rules', index, 'tags', tag],
        ],
        {
          got: tag,
          expected: `fields of the rows that are not named like tags; ${findings.keyOf(['rules', index])} has this tag`,
          hint: 'leave it out with by: […]',
        },
      );
    }
  }
}

function checkStore(
  { sizeMs, latenessMs, resolutions }: Aggregate,
  { sink }: SluiceConfig,
  at: KeyPath,
  findings: Findings,
): void {
  const keptMs = retentionOfPoints(sink);
  if (keptMs > 0 && sizeMs + latenessMs > keptMs) {
    findings.add(
      [
        [...at, 'every'],
        [...at, 'resolutions'],
        ['sink', 'duckdb', 'retention'],
      ],
      {
        got: `windows of ${formatDuration(sizeMs)}, and ${formatDuration(latenessMs)} of lateness`,
        expected: `together at most sink.duckdb.retention, which is ${formatDuration(keptMs)}: a window is computed from stored points`,
        hint: 'add a finer resolution before it, or keep points longer',
      },
    );
  }
  if (sink.kind === 'influx') return;
  for (const [index, { to }] of resolutions.entries()) {
    if (to === undefined) continue;
    findings.add(
      [
        [...at, 'resolutions', index, 'to'],
        ['sink', 'duckdb'],
      ],
      {
        expected: 'no such key: it needs sink.influx; DuckDB keeps rows by retention',
      },
    );
  }
}
