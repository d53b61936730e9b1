import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { stringify } from 'yaml';
import { ALERTS } from '../../grafana/alerts/alerts.js';
import { findProgram, serverDirectory } from '../../harness/server-process.js';
import { requireServer } from '../../harness/servers.js';
import { WARNING_CODES } from '../../src/lib/warnings.js';
import { METRICS } from '../../src/metrics/create-metrics.js';
import { STATES } from '../../src/metrics/metric-table.js';
import { asking, DASHBOARDS } from './dashboard-shape.js';

const expressions = [
  ...DASHBOARDS.flatMap(({ dashboard }) => [
    ...asking(dashboard).flatMap(({ targets }) => targets!.flatMap(({ expr }) => expr ?? [])),
    ...dashboard.annotations.list.flatMap(({ expr }) => expr ?? []),
  ]),
  ...ALERTS.map(({ expr }) => expr),
];
const VALUES: Record<string, readonly string[]> = {
  state: STATES,
  fate: ['received', 'written', 'parked', 'filtered', 'buffered', 'lost'],
  code: WARNING_CODES,
};

it.each(expressions)('%s uses metrics, labels and values that exist', (expr) => {
  const names = expr.match(/\bsluice_\w+/g) ?? [];
  const metrics = names.map((name) =>
    METRICS.find(
      (metric) => metric.name === name || (metric.kind === 'histogram' && `${metric.name}_bucket` === name),
    ),
  );
  for (const [at, metric] of metrics.entries()) expect(metric, names[at]).toBeDefined();
  for (const [, label, , value] of expr.matchAll(/(\w+)(=~|!=|=)"([^"]+)"/g)) {
    // Put on by Prometheus.
    if (label === 'instance' || label === 'job') continue;
    expect(metrics.map((metric) => metric!.label)).toContain(label);
    for (const one of value!.split('|')) expect(VALUES[label!]).toContain(one);
  }
});

it.skipIf(!requireServer('promtool'))('promtool parses every expression', async () => {
  const rules = expressions.map((expr, at) => ({
    record: `checked:${at}`,
    expr: expr.replaceAll('$__rate_interval', '1m').replaceAll('$instance', '.*'),
  }));
  const directory = await serverDirectory('promtool');
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'rules.yaml');
  const check = (checked: object[]) => {
    writeFileSync(file, stringify({ groups: [{ name: 'checked', rules: checked }] }));
    return execFileSync(findProgram('promtool')!, ['check', 'rules', file], {
      encoding: 'utf8',
      stdio: 'pipe',
    });
  };
  expect(check(rules)).toContain(`${rules.length} rules found`);
  expect(() => check([{ record: 'broken', expr: 'sum(rate(x[1m])' }])).toThrow();
});
