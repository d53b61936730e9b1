import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { GatewayProcess } from '../../harness/gateway-process.js';
import { requireServer, startInfluxd } from '../../harness/servers.js';
import { type ClientMessage, publishMessages } from '../support/publish-messages.js';
import { tempDirectory } from '../support/temp-directory.js';

const CONFIG = `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: 0 }] }
http: { host: 127.0.0.1, port: 0 }
rules:
  - name: climate
    topic: climate/+site/+device/telemetry
    measurement: climate
    time: { path: timestamp, unit: ms }
    tags: { site: topic.site, device: topic.device }
    fields: { temperature: payload.temperature, state: { path: payload.state, type: string } }
`;
const MINUTE_MS = 60_000;
/** The whole minute an hour ago: points of the last days are kept. */
const startMs = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS - 60 * MINUTE_MS;
const timeFilter = `time >= ${startMs}ms and time <= ${startMs + 10 * MINUTE_MS}ms`;

/** Three devices that send 21, 22, … once a minute. */
const messages: ClientMessage[] = ['attic/a1', 'attic/a2', 'cellar/c1'].flatMap((place, nth) =>
  Array.from({ length: 10 }, (_message, minute) => ({
    client: place.replace('/', '-'),
    topic: `climate/${place}/telemetry`,
    payload: JSON.stringify({
      temperature: 20 + nth + minute,
      state: 'on',
      timestamp: startMs + minute * MINUTE_MS,
    }),
  })),
);

interface Answer {
  readonly results: readonly {
    readonly error?: string;
    readonly series?: readonly {
      readonly name: string;
      readonly tags?: Readonly<Record<string, string>>;
      readonly columns: readonly string[];
      readonly values: readonly (readonly unknown[])[];
    }[];
  }[];
}

describe('what the InfluxDB data source of Grafana sends to a gateway with the embedded store', () => {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-test-'));
  const gateway = new GatewayProcess({ directory, config: CONFIG });

  beforeAll(async () => {
    await gateway.start();
    await publishMessages(gateway.mqttPort, messages);
    await gateway.ledgerWhen(({ written }) => written === messages.length);
  });
  afterAll(async () => {
    await gateway.end();
    rmSync(directory, { recursive: true, force: true });
  });

  /** As `httpMode` of the data source says: the query in a form or in the address, the rest always in the address. */
  async function ask(q: string, httpMode: 'GET' | 'POST' = 'POST') {
    const inAddress = new URLSearchParams({ db: 'telemetry', epoch: 'ms' });
    if (httpMode === 'GET') inAddress.set('q', q);
    const answer = await fetch(`${gateway.httpUrl}/query?${inAddress}`, {
      method: httpMode,
      ...(httpMode === 'GET' ? {} : { body: new URLSearchParams({ q }) }),
    });
    expect(answer.status, q).toBe(200);
    const [result] = ((await answer.json()) as Answer).results;
    expect(result?.error, q).toBeUndefined();
    return result?.series ?? [];
  }
  const values = async (q: string) => (await ask(q)).map((series) => series.values);

  it.each(['GET', 'POST'] as const)('save and test by %s finds the measurements', async (httpMode) => {
    expect(await ask('SHOW measurements', httpMode)).toEqual([
      { name: 'measurements', columns: ['name'], values: [['climate']] },
    ]);
  });

  it('the query builder and variables find names', async () => {
    expect(await values('SHOW RETENTION POLICIES on "telemetry"')).toEqual([
      [['autogen', '0s', '168h0m0s', 1, true]],
    ]);
    expect(await values('SHOW MEASUREMENTS WITH MEASUREMENT =~ /(?i)CLI/ LIMIT 100')).toEqual([
      [['climate']],
    ]);
    expect(await values('SHOW FIELD KEYS FROM "climate"')).toEqual([
      [
        ['state', 'string'],
        ['temperature', 'float'],
      ],
    ]);
    expect(await values('SHOW TAG KEYS FROM "climate"')).toEqual([[['device'], ['site']]]);
    expect(
      await values(`SHOW TAG VALUES FROM "climate" WITH KEY = "device" WHERE "site"::tag = 'attic'`),
    ).toEqual([
      [
        ['device', 'a1'],
        ['device', 'a2'],
      ],
    ]);
    expect(await values('SHOW TAG VALUES WITH KEY = "site"')).toEqual([
      [
        ['site', 'attic'],
        ['site', 'cellar'],
      ],
    ]);
  });

  it('a panel of the query builder has a line for each device, with gaps where nothing is', async () => {
    const found = await ask(
      `SELECT mean("temperature") FROM "autogen"."climate" WHERE ("site"::tag =~ /^(attic|cellar)$/) AND ${timeFilter} GROUP BY time(1m), "device"::tag fill(null)`,
    );
    expect(found.map(({ tags }) => tags)).toEqual([{ device: 'a1' }, { device: 'a2' }, { device: 'c1' }]);
    const [first] = found;
    expect(first?.columns).toEqual(['time', 'mean']);
    expect(first?.values).toEqual([
      ...Array.from({ length: 10 }, (_value, minute) => [startMs + minute * MINUTE_MS, 20 + minute]),
      [startMs + 10 * MINUTE_MS, null],
    ]);
  });

  it('a rate, a table of last values, and Explore get what they ask for', async () => {
    const [rates] = await values(
      `SELECT non_negative_derivative(last("temperature"), 1s) FROM "climate" WHERE "device" = 'a1' AND ${timeFilter} GROUP BY time(1m) fill(none)`,
    );
    expect(rates).toHaveLength(9);
    for (const [, rate] of rates!) expect(rate).toBeCloseTo(1 / 60);
    expect(
      await values(
        `SELECT last("temperature"), "device" AS "of_device" FROM "climate" WHERE ${timeFilter} GROUP BY "device"`,
      ),
    ).toEqual([
      [[startMs + 9 * MINUTE_MS, 29, 'a1']],
      [[startMs + 9 * MINUTE_MS, 30, 'a2']],
      [[startMs + 9 * MINUTE_MS, 31, 'c1']],
    ]);
    expect(
      await values(`SELECT "state" FROM "climate" WHERE ${timeFilter} ORDER BY time DESC LIMIT 2`),
    ).toEqual([
      [
        [startMs + 9 * MINUTE_MS, 'on'],
        [startMs + 9 * MINUTE_MS, 'on'],
      ],
    ]);
  });

  it('clients that look for InfluxDB first find a version that names Sluice', async () => {
    const ping = await fetch(`${gateway.httpUrl}/ping`);
    expect([ping.status, ping.headers.get('x-influxdb-version')]).toEqual([
      204,
      expect.stringMatching(/^1\.8\.\d-sluice\./),
    ]);
  });

  it('a query that is wrong has a reason, and many at once are all answered', async () => {
    const wrong = await fetch(`${gateway.httpUrl}/query?q=SELECT`);
    expect([wrong.status, await wrong.json()]).toEqual([
      400,
      { error: expect.stringContaining('error parsing query: found EOF, expected identifier') },
    ]);
    const panels = Array.from({ length: 50 }, () =>
      values(`SELECT count("temperature") FROM "climate" WHERE ${timeFilter}`),
    );
    for (const rows of await Promise.all(panels)) expect(rows).toEqual([[[startMs, 30]]]);
  });
});

describe.skipIf(!requireServer('influxd'))('a gateway whose store is InfluxDB', () => {
  it('answers 501, and says whom to ask', async () => {
    const influxd = await startInfluxd({ databases: ['iot'] });
    onTestFinished(() => influxd.stop());
    const sink = `sink: { influx: { url: "${influxd.url}", database: iot } }\n`;
    const gateway = new GatewayProcess({ directory: tempDirectory(), config: `${CONFIG}${sink}` });
    onTestFinished(() => gateway.end());
    await gateway.start();
    const answer = await fetch(`${gateway.httpUrl}/query?q=SHOW+DATABASES`);
    expect([answer.status, await answer.json()]).toEqual([
      501,
      { error: expect.stringContaining('point the data source at InfluxDB itself') },
    ]);
  });
});
