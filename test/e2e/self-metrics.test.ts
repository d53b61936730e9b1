import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { describe, expect, it, onTestFinished } from 'vitest';
import { GatewayProcess, isBalanced } from '../../harness/gateway-process.js';
import { requireServer, startInfluxd } from '../../harness/servers.js';
import { expectedOfDevice, FLEET_RULE, runFleet } from '../support/fleet-load.js';
import { influxFleet } from '../support/stored-fleet.js';
import { tempDirectory } from '../support/temp-directory.js';

const OWN = 'metrics: { instance: gw-1, store: { enabled: true, interval: 1s } }';

async function startGateway(sink: string) {
  const gateway = new GatewayProcess({
    directory: tempDirectory(),
    config: `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: 0 }] }
http: { host: 127.0.0.1, port: 0 }
${OWN}
${sink}
${FLEET_RULE}`,
  });
  onTestFinished(() => gateway.end());
  await gateway.start();
  return gateway;
}

/** The rows of one InfluxQL query on its only series, by column. */
async function influxRows(url: string, query: string): Promise<Record<string, unknown>[]> {
  const answer = await fetch(`${url}/query?db=iot&epoch=ns&q=${encodeURIComponent(query)}`);
  const { results } = (await answer.json()) as {
    results: { series?: { columns: string[]; values: unknown[][] }[] }[];
  };
  const [series] = results[0]?.series ?? [];
  return (series?.values ?? []).map((row) =>
    Object.fromEntries(series!.columns.map((column, i) => [column, row[i]])),
  );
}

/** Polls until there are rows. */
async function rowsWhen<Row>(
  ask: () => Promise<readonly Row[]>,
  isReached: (rows: readonly Row[]) => boolean,
): Promise<readonly Row[]> {
  for (;;) {
    const rows = await ask();
    if (isReached(rows)) return rows;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

describe.skipIf(!requireServer('influxd'))('self-metrics in InfluxDB', () => {
  it('have the values of /metrics, do not count in the ledger, and have annotations for start and stop', {
    timeout: 120_000,
  }, async () => {
    const influxd = await startInfluxd({ databases: ['iot'] });
    onTestFinished(() => influxd.stop());
    const gateway = await startGateway(`sink: { influx: { url: "${influxd.url}", database: iot } }`);
    const messages = 2000;
    await runFleet({ port: gateway.mqttPort, messages, baseMs: Date.now() - 60_000 });
    await gateway.ledgerWhen(({ written }) => written === messages);
    const query = (fields: string, where: string) =>
      influxRows(influxd.url, `SELECT ${fields} FROM sluice WHERE gateway = 'gw-1' AND ${where}`);

    const [written] = await rowsWhen(
      () => query('last(ledger_records) AS n', "fate = 'written'"),
      ([row]) => row?.n === messages,
    );
    expect(written).toMatchObject({ n: messages });
    const [all] = await query(
      'last(broker_packets_acknowledged_total) AS acknowledged, max(consumer_decide_seconds_count) AS decided, ' +
        'max(consumer_decide_seconds_p99) AS p99, last(process_resident_memory_bytes) AS rss',
      "fate = ''",
    );
    expect(all).toMatchObject({ acknowledged: messages, decided: messages });
    expect(all!.p99).toBeGreaterThan(0);
    expect(all!.rss).toBeGreaterThan(1e6);
    const [state] = await query('last(sink_state) AS healthy', "state = 'healthy'");
    expect(state).toMatchObject({ healthy: 1 });
    const keys = await influxRows(influxd.url, 'SHOW FIELD KEYS FROM sluice');
    expect(new Set(keys.map(({ fieldType }) => fieldType))).toEqual(new Set(['float']));

    const ledger = await gateway.ledger();
    expect(ledger).toMatchObject({ received: messages, written: messages, parked: 0 });
    expect(await gateway.stop()).toBe(0);
    const annotations = await influxRows(influxd.url, 'SELECT kind, text FROM sluice_events');
    expect(annotations.map(({ kind }) => kind)).toEqual(['start', 'stop']);
    const [last] = await influxRows(influxd.url, 'SELECT last(broker_connections) FROM sluice');
    expect(Number(last!.time)).toBeGreaterThan(Number(annotations[1]!.time));
  });

  it('have no gap after an outage, which is annotated and costs no record', {
    timeout: 120_000,
  }, async () => {
    const influxd = await startInfluxd({ databases: ['iot'] });
    onTestFinished(() => influxd.stop());
    const gateway = await startGateway(`sink: { influx: { url: "${influxd.url}", database: iot } }`);
    const samples = () => influxRows(influxd.url, 'SELECT log_records_appended_total AS n FROM sluice');
    await rowsWhen(samples, (rows) => rows.length > 0);
    await influxd.kill();
    const downSinceNs = Date.now() * 1e6;
    const messages = 20_000;
    await runFleet({ port: gateway.mqttPort, messages, baseMs: Date.now() - 3_600_000 });
    while ((await fetch(`${gateway.httpUrl}/readyz`)).status === 200);
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    const upSinceNs = Date.now() * 1e6;
    await influxd.restart();

    const after = await gateway.ledgerWhen(({ buffered }) => buffered === 0);
    expect(after).toMatchObject({ received: messages, written: messages, parked: 0, lost: 0 });
    expect(isBalanced(after)).toBe(true);
    const stored = await influxFleet(influxd.url, 'iot');
    for (const of of Object.values(stored)) expect(of).toEqual(expectedOfDevice(messages));
    const during = (row: Record<string, unknown>) =>
      Number(row.time) > downSinceNs && Number(row.time) < upSinceNs;
    const rows = await rowsWhen(samples, (all) => all.some((row) => Number(row.time) > upSinceNs));
    expect(rows.filter(during).length).toBeGreaterThanOrEqual(3);
    expect(rows.filter(during).at(-1)).toMatchObject({ n: messages });
    const annotations = await rowsWhen(
      () => influxRows(influxd.url, 'SELECT kind, text FROM sluice_events'),
      (all) => all.some(({ kind }) => kind === 'recovered'),
    );
    expect(annotations.map(({ kind }) => kind)).toEqual(['start', 'outage', 'recovered']);
    expect(annotations[1]!.text).toContain('the store fails: InfluxDB at');
    const metrics = await (await fetch(`${gateway.httpUrl}/metrics`)).text();
    expect(metrics).toContain('sluice_metrics_samples_dropped_total 0');
    expect(await gateway.stop()).toBe(0);
  });

  it('do not delay a stop while the store is unavailable', { timeout: 120_000 }, async () => {
    const influxd = await startInfluxd({ databases: ['iot'] });
    onTestFinished(() => influxd.stop());
    const gateway = await startGateway(`sink: { influx: { url: "${influxd.url}", database: iot } }`);
    await influxd.kill();
    await runFleet({ port: gateway.mqttPort, messages: 200, baseMs: Date.now() - 60_000 });
    expect(await gateway.stop()).toBe(0);
  });
});

describe('self-metrics in DuckDB', () => {
  it('are stored with the points of all devices, with the smallest memory limit', {
    timeout: 120_000,
  }, async () => {
    const gateway = await startGateway('sink: { duckdb: { memoryLimit: 64MiB } }');
    const messages = 20_000;
    await runFleet({ port: gateway.mqttPort, messages, baseMs: Date.now() - 3_600_000 });
    await gateway.ledgerWhen(({ written }) => written === messages);
    expect(await gateway.stop()).toBe(0);
    expect(gateway.output).not.toContain('"level":"warn"');
    const file = join(gateway.dataDirectory, 'telemetry.duckdb');
    const database = await DuckDBInstance.create(file, { access_mode: 'READ_ONLY' });
    const connection = await database.connect();
    const rows = async (sql: string) => (await connection.runAndReadAll(sql)).getRows();
    expect(await rows('SELECT count(*)::DOUBLE FROM fleet')).toEqual([[messages]]);
    expect(await rows("SELECT max(ledger_records) FROM sluice WHERE fate = 'written'")).toEqual([[messages]]);
    expect(await rows('SELECT max(broker_packets_acknowledged_total) FROM sluice')).toEqual([[messages]]);
    expect(await rows('SELECT kind FROM sluice_events ORDER BY time')).toEqual([['start'], ['stop']]);
    connection.closeSync();
    database.closeSync();
  });
});
