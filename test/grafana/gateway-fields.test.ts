import { expect, it } from 'vitest';
import { METRICS } from '../../src/metrics/create-metrics.js';
import { asking, DASHBOARDS } from './dashboard-shape.js';
import { EVENT_KINDS, metricLines, readExposition, sluiceFields } from './metric-points.js';

const { dashboard } = DASHBOARDS.find(({ file }) => file === 'gateway-influx.json')!;
const prometheus = DASHBOARDS.filter(({ file }) => ['gateway.json', 'kinesis.json'].includes(file));
const queries = asking(dashboard).flatMap(({ targets }) => targets!.map(({ query }) => query!));

it.each(queries)('%s asks for fields of the metric catalogue, by their own tag', (query) => {
  const fields = sluiceFields();
  const asked = [...query.matchAll(/last\("([^"]+)"\)/g)].map(([, field]) => field!);
  const [, , tag = ''] = /GROUP BY time\(\$__interval\), "(\w+)"(?:, "(\w+)")?/.exec(query)!;
  expect(asked.length).toBeGreaterThan(0);
  for (const field of asked) expect([...fields.keys()]).toContain(field);
  expect(asked.map((field) => fields.get(field))).toEqual(asked.map(() => tag));
});

it('both forms of the dashboard show the same panels, in the same order', () => {
  const titles = prometheus.flatMap((one) => asking(one.dashboard).map(({ title }) => title));
  expect(asking(dashboard).map(({ title }) => title)).toEqual(titles);
});

it('annotations name every kind that is written, and no other', () => {
  const named = dashboard.annotations.list.flatMap(({ target }) => {
    const [, kinds = ''] = /"kind" =~ \/\^\(?([^)$]+)\)?\$\//.exec(target!.query)!;
    return kinds.split('|');
  });
  expect(named.sort()).toEqual([...EVENT_KINDS].sort());
});

it('a sample is one point without a label, one for each value of a label, and quantiles since the last', () => {
  const text = (written: number, slow: number) =>
    readExposition(`# TYPE sluice_log_size_bytes gauge
sluice_log_size_bytes 5
sluice_ledger_records{fate="written"} ${written}
sluice_consumer_decide_seconds_bucket{le="0.1"} 100
sluice_consumer_decide_seconds_bucket{le="1"} ${100 + slow}
sluice_consumer_decide_seconds_bucket{le="+Inf"} ${100 + slow}
sluice_consumer_decide_seconds_sum ${10 + slow}
sluice_consumer_decide_seconds_count ${100 + slow}
process_resident_memory_bytes 7
`);
  const lines = metricLines(text(12, 4), text(8, 0), text(12, 4), 'h', 1);
  expect(lines).toContain('sluice,gateway=h,fate=written ledger_records=12 1000000');
  expect(lines[0]).toMatch(/^sluice,gateway=h log_size_bytes=5,.* 1000000$/);
  expect(lines[0]).toContain('consumer_decide_seconds_count=4,consumer_decide_seconds_sum=4');
  expect(lines[0]).toContain('consumer_decide_seconds_p50=1,');
  expect(lines[0]).toContain('process_resident_memory_bytes=7');
  expect(METRICS.length).toBeGreaterThan(40);
});
