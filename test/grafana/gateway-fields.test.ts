import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { packageRoot } from '../../src/lib/package-root.js';
import { ANNOTATION_KINDS } from '../../src/metrics/annotations.js';
import { METRICS, type MetricDescription } from '../../src/metrics/create-metrics.js';
import { type MetricSample, readSamples } from '../../src/metrics/samples.js';
import { SelfPoints } from '../../src/metrics/self-points.js';
import { asking, DASHBOARDS } from './dashboard-shape.js';

const { dashboard } = DASHBOARDS.find(({ file }) => file === 'gateway-influx.json')!;
const prometheus = DASHBOARDS.filter(({ file }) => ['gateway.json', 'kinesis.json'].includes(file));
const queries = asking(dashboard).flatMap(({ targets }) => targets!.map(({ query }) => query!));

it.each(queries)('%s queries fields of existing metrics, by their own tag', async (query) => {
  const fields = await writtenFields();
  const queried = [...query.matchAll(/last\("([^"]+)"\)/g)].map(([, field]) => field!);
  const [, , tag = ''] = /GROUP BY time\(\$__interval\), "(\w+)"(?:, "(\w+)")?/.exec(query)!;
  expect(queried.length).toBeGreaterThan(0);
  for (const field of queried) expect([...fields.keys()]).toContain(field);
  expect(queried.map((field) => fields.get(field))).toEqual(queried.map(() => tag));
});

it('both forms of the dashboard show the same panels, in the same order', () => {
  const titles = prometheus.flatMap((one) => asking(one.dashboard).map(({ title }) => title));
  expect(asking(dashboard).map(({ title }) => title)).toEqual(titles);
});

it('docs/dashboards.md lists every row of the gateway, in order', () => {
  const docs = readFileSync(join(packageRoot(), 'docs', 'dashboards.md'), 'utf8');
  const [, section = ''] = /### Gateway, row by row\n([\s\S]*?)\n### /.exec(docs)!;
  const listed = [...section.matchAll(/^\| ([^|]+) \|/gm)].map(([, row]) => row!).slice(1);
  const gateway = prometheus.find(({ file }) => file === 'gateway.json')!.dashboard;
  expect(listed).toEqual(gateway.panels.filter(({ type }) => type === 'row').map(({ title }) => title));
});

it('annotations name every kind that is written, and no others', () => {
  const named = dashboard.annotations.list.flatMap(({ target }) => {
    const [, kinds = ''] = /"kind" =~ \/\^\(?([^)$]+)\)?\$\//.exec(target!.query)!;
    return kinds.split('|');
  });
  expect(named.sort()).toEqual([...ANNOTATION_KINDS].sort());
});

/** Fields that a gateway writes, by the tag that stands beside `gateway`; '' for none. */
async function writtenFields(): Promise<Map<string, string>> {
  const ofProcess = new Registry();
  collectDefaultMetrics({ register: ofProcess });
  const points = new SelfPoints({ measurement: 'sluice', instance: 'h' });
  const written = points.of([...METRICS.map(oneReading), ...(await readSamples(ofProcess))], 1n);
  return new Map(
    written.flatMap(({ series, fields }) => {
      const label = series.tags.find(({ name }) => name !== 'gateway')?.name ?? '';
      return fields.map(({ name }): [string, string] => [name, label]);
    }),
  );
}

function oneReading({ name, help, kind, label }: MetricDescription): MetricSample {
  const labels = label === undefined ? {} : { [label]: 'x' };
  if (kind !== 'histogram') return { name, help, kind, values: [{ labels, value: 1 }] };
  const bucket = (le: string) => ({ labels: { le }, value: 1, metricName: `${name}_bucket` });
  return { name, help, kind, values: [bucket('1'), bucket('+Inf')] };
}
