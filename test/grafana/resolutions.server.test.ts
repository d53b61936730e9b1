import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CITY_RESOLUTIONS } from '../../grafana/sources/city-climate.js';
import { type RunningServer, requireServer, startInfluxd } from '../../harness/servers.js';
import { loadConfigText } from '../../src/config/load-config.js';
import { chartedResolutions, meanWithBand } from '../../src/grafana/resolutions.js';
import { influxQuery } from '../support/influx-read-back.js';
import { interpolate } from './interpolate.js';

const BASE_MS = Date.parse('2026-11-01T00:00:00Z');
const HOUR_MS = 3_600_000;
const HOURS = 48;
const QUERIES = meanWithBand({
  measurement: 'sensordata',
  field: 'temperature',
  filter: '"city" =~ /^$city$/',
  tags: ['city', 'device'],
  by: 'city',
  alias: '$tag_city',
  resolutions: CITY_RESOLUTIONS,
}).map((query) => query.text);

/** Two devices of one city, one of which reports three times as often. */
function values(): { readonly device: string; readonly atMs: number; readonly v: number }[] {
  const all = [];
  for (let atMs = BASE_MS; atMs < BASE_MS + HOURS * HOUR_MS; atMs += 60_000) {
    const hour = (atMs - BASE_MS) / HOUR_MS;
    all.push({ device: 'often', atMs, v: 20 + Math.sin(hour / 4) * 5 });
    if (atMs % 180_000 === 0) all.push({ device: 'seldom', atMs, v: 30 + Math.cos(hour / 7) * 3 });
  }
  return all;
}

const VALUES = values();

/** The rows that windows have of the values, by plain sums. */
function rows(everyMs: number, measurement: string): string[] {
  const groups = new Map<string, number[]>();
  for (const { device, atMs, v } of VALUES) {
    const key = `${device} ${Math.floor(atMs / everyMs) * everyMs}`;
    groups.set(key, [...(groups.get(key) ?? []), v]);
  }
  return [...groups].map(([key, of]) => {
    const [device, startMs] = key.split(' ');
    const sum = of.reduce((total, v) => total + v, 0);
    const fields = `temperature_count=${of.length}i,temperature_mean=${sum / of.length},temperature__sum=${sum},temperature_min=${Math.min(...of)},temperature_max=${Math.max(...of)}`;
    return `${measurement},city=pune,device=${device} ${fields} ${startMs}000000`;
  });
}

/** As the answer has it: RFC 3339, or ns since 1970. */
function atMsOf(time: unknown): number {
  const text = String(time);
  return /^\d+$/.test(text) ? Math.floor(Number(text) / 1e6) : Date.parse(text);
}

describe.skipIf(!requireServer('influxd'))('charts that choose a resolution, on InfluxDB 1.6', () => {
  let server: RunningServer;
  beforeAll(async () => {
    server = await startInfluxd({ databases: ['d'] });
    const lines = [
      ...VALUES.map(
        ({ device, atMs, v }) => `sensordata,city=pune,device=${device} temperature=${v} ${atMs}000000`,
      ),
      ...CITY_RESOLUTIONS.flatMap(({ everyMs, measurement }) => rows(everyMs, measurement)),
    ];
    for (let at = 0; at < lines.length; at += 2_000) {
      const body = lines.slice(at, at + 2_000).join('\n');
      expect((await fetch(`${server.url}/write?db=d`, { method: 'POST', body })).status).toBe(204);
    }
  }, 60_000);
  afterAll(() => server?.stop());

  it.each([
    ['1m', 60_000, 'sensordata'],
    ['10m', 600_000, 'sensordata_5min'],
    ['2h', 7_200_000, 'sensordata_1h'],
    ['24h', 86_400_000, 'sensordata_1d'],
  ])(
    'at an interval of %s one source answers, with the numbers of the points',
    async (interval, intervalMs, source) => {
      const filled = new Map([
        ['city', '.*'],
        ['__interval', interval],
        ['__interval_ms', String(intervalMs)],
        ['timeFilter', `time >= ${BASE_MS}ms AND time < ${BASE_MS + HOURS * HOUR_MS}ms`],
      ]);
      const sources = new Set<string>();
      const columns = new Map<string, Map<number, number>>();
      for (const query of QUERIES) {
        for (const series of await influxQuery(server.url, 'd', interpolate(query, filled))) {
          sources.add(series.name);
          for (const [time, ...cells] of series.values) {
            for (const [nth, cell] of cells.entries()) {
              const name = series.columns[nth + 1]!;
              const known = columns.get(name) ?? new Map<number, number>();
              columns.set(name, known);
              known.set(atMsOf(time), Number(cell));
            }
          }
        }
      }
      expect([...sources]).toEqual([source]);
      expect([...columns.keys()].sort()).toEqual(['highest', 'lowest', 'mean']);
      for (const [startMs, mean] of columns.get('mean')!) {
        const of = VALUES.filter(({ atMs }) => atMs >= startMs && atMs < startMs + intervalMs).map(
          ({ v }) => v,
        );
        expect(mean).toBeCloseTo(of.reduce((sum, v) => sum + v, 0) / of.length, 9);
        expect(columns.get('lowest')!.get(startMs)).toBe(Math.min(...of));
        expect(columns.get('highest')!.get(startMs)).toBe(Math.max(...of));
      }
      expect(columns.get('mean')!.size).toBe((HOURS * HOUR_MS) / intervalMs);
    },
  );
});

it.each(['embedded', 'influxdb1', 'influxdb2', 'influxdb3', 'kinesis'])(
  'deploy/sluice/%s.yaml computes the rows that City climate reads',
  async (name) => {
    const text = readFileSync(`deploy/sluice/${name}.yaml`, 'utf8').replace(/\$\{\w+\}/g, 'given');
    const { windows } = await loadConfigText(text, name, process.cwd());
    const aggregate = windows?.aggregates.find(({ from }) => from === 'sensordata');
    expect(chartedResolutions(aggregate!)).toEqual(CITY_RESOLUTIONS);
  },
);
