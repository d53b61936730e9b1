import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prometheusRules } from '../../grafana/alerts/prometheus-rules.js';
import { freePort } from '../../harness/free-port.js';
import { GatewayProcess } from '../../harness/gateway-process.js';
import { createDatabase, type RunningServer, requireServer, startInfluxd } from '../../harness/servers.js';
import { METRICS } from '../../src/metrics/create-metrics.js';
import { type CutProxy, startCutProxy } from '../support/cut-proxy.js';
import { type FakeStore, type Script, startFakeStore } from '../support/fake-store.js';
import { FLEET_RULE } from '../support/fleet-load.js';
import {
  createTestStream,
  deleteTestStream,
  type StandIn,
  startKinesalite,
} from '../support/kinesis-servers.js';
import { Prometheus, type PrometheusAlert } from '../support/prometheus.js';
import { SteadyDevice } from '../support/steady-device.js';
import { startTamperedMetrics, type TamperedMetrics } from '../support/tampered-metrics.js';
import { AlertWatch, QUICK_ALERTS } from './quick-alerts.js';

const SERVERS = [requireServer('influxd'), requireServer('prometheus')];
/** It takes a minute and a half. */
const TIMEOUT_MS = 300_000;
/** There is neither a lease table nor an embedded store here: these metrics have no series then. */
const NOT_HERE = ['sluice_kinesis_leases', 'sluice_sink_queries_total'];
/** No gateway here has windows: what is seen of them is made up. A counter needs a value before the one that rises. */
const WINDOWS_AT_REST = {
  'sluice_windows_behind_seconds{measurement="climate_5min"}': 0,
  'sluice_windows_rows_refused_total{measurement="climate_5min"}': 0,
};

interface Watched {
  readonly gateway: GatewayProcess;
  readonly device: SteadyDevice;
  readonly target: string;
}

/** Three gateways, one for each kind of trouble, each with a device; and one that tells made-up figures. */
describe.skipIf(SERVERS.includes(false))('the alerts of deploy/prometheus, in real time divided', () => {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-alerts-'));
  const stops: (() => Promise<unknown>)[] = [];
  const seen = new Map<string, PrometheusAlert>();
  let script: Script = () => ({ status: 204 });
  let influxd: RunningServer;
  let store: FakeStore;
  let kinesalite: StandIn;
  let network: CutProxy;
  let tampered: TamperedMetrics;
  let prometheus: Prometheus;
  let direct: Watched;
  let faulty: Watched;
  let kinesis: Watched;

  beforeAll(async () => {
    influxd = await startInfluxd({ databases: ['iot'] });
    stops.push(() => influxd.stop());
    store = await startFakeStore((call, index) => script(call, index));
    stops.push(() => store.stop());
    kinesalite = await startKinesalite();
    stops.push(() => kinesalite.stop());
    await createTestStream(kinesalite.endpoint, 'telemetry', 1);
    network = await startCutProxy(Number(new URL(kinesalite.endpoint).port));
    stops.push(() => network.stop());

    const smallLog = 'maxSize: 1MiB, segmentSize: 64KiB';
    direct = await watched('direct', `{ url: "${influxd.url}", database: iot }`, { log: smallLog });
    const dropping = 'maxSize: 8MiB, segmentSize: 256KiB, whenFull: drop-oldest';
    faulty = await watched('faulty', `{ url: "${store.url}", database: iot }`, {
      log: dropping,
      whenFull: 'block',
    });
    kinesis = await watched('kinesis', `{ url: "${store.url}", database: iot }`, {
      stream: [
        'mode: kinesis',
        `kinesis: { endpoint: "http://127.0.0.1:${network.port}", linger: 50ms, shardSync: 1s }`,
      ],
    });
    tampered = await startTamperedMetrics(() => kinesis.gateway.httpUrl);
    stops.push(() => tampered.stop());
    tampered.set(WINDOWS_AT_REST);
    prometheus = await Prometheus.start({
      rules: prometheusRules(QUICK_ALERTS),
      targets: [direct.target, faulty.target, kinesis.target, tampered.target],
    });
    stops.push(() => prometheus.stop());
  }, TIMEOUT_MS);

  afterAll(async () => {
    for (const stop of stops.reverse()) await stop();
    rmSync(directory, { recursive: true, force: true });
  });

  async function watched(
    name: string,
    sink: string,
    {
      log,
      stream = [],
      whenFull = 'keep-reason',
    }: { readonly log?: string; readonly stream?: readonly string[]; readonly whenFull?: string },
  ): Promise<Watched> {
    // Fixed: a gateway that is started again is the same to Prometheus and to the device.
    const [mqttPort, httpPort] = [await freePort(), await freePort()];
    const gateway = new GatewayProcess({
      directory: join(directory, name),
      config: `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: ${mqttPort} }], maxPacketSize: 64KiB }
http: { host: 127.0.0.1, port: ${httpPort} }
consumer: { deadLetter: { maxSize: 16MiB, whenFull: ${whenFull} } }
sink: { influx: ${sink} }
${FLEET_RULE}
  - { name: noise, topic: noise, where: "false", measurement: n, fields: auto }
`,
      stream,
      log,
    });
    stops.push(() => gateway.end());
    await gateway.start();
    const device = new SteadyDevice(mqttPort);
    stops.push(() => device.end());
    return { gateway, device, target: `127.0.0.1:${httpPort}` };
  }

  const watch = ({ target }: { readonly target: string }) => new AlertWatch(prometheus, target, seen);

  it('nothing fires while all is well, and every gateway is scraped without an error', {
    timeout: TIMEOUT_MS,
  }, async () => {
    for (const one of [direct, faulty, kinesis]) await watch(one).untilScraped(20);
    const firing = (await prometheus.alerts()).filter(({ state }) => state === 'firing');
    expect(firing).toEqual([]);
    const targets = await prometheus.targets();
    expect(targets.map(({ health, lastError }) => `${health}${lastError}`)).toEqual(['up', 'up', 'up', 'up']);
  });

  // Each sequence has a gateway of its own.
  describe.concurrent('once broken', () => {
    it('a store that is down, refuses, a silent fleet, a busy process, a dead one', {
      timeout: TIMEOUT_MS,
    }, async () => {
      const alerts = watch(direct);
      const { gateway, device } = direct;

      await influxd.kill();
      device.burst(150, 10_000);
      const flood = setInterval(() => device.burst(5), 100);
      await alerts.untilFiring(
        'sluice-store-errors',
        'sluice-lag',
        'sluice-log-filling',
        'sluice-log-full',
        'sluice-packets-shed',
      );
      clearInterval(flood);
      await influxd.restart();
      await alerts.untilQuiet();

      const drop = new URLSearchParams({ q: 'DROP DATABASE iot' });
      await fetch(`${influxd.url}/query`, { method: 'POST', body: drop });
      await alerts.untilFiring('sluice-store-misconfigured');
      await createDatabase(influxd.url, 'iot');
      await alerts.untilQuiet();

      device.silence();
      await alerts.untilFiring('sluice-silent-fleet');
      device.resume();
      await alerts.untilQuiet();

      const holdUp = setInterval(() => {
        process.kill(gateway.pid, 'SIGSTOP');
        setTimeout(() => process.kill(gateway.pid, 'SIGCONT'), 650);
      }, 800);
      try {
        await alerts.untilFiring('sluice-event-loop-blocked');
      } finally {
        clearInterval(holdUp);
      }
      await alerts.untilQuiet();

      // More than a tenth of the dead letter, from one client.
      await device.publishRubbish(40, 60_000);
      await alerts.untilFiring('sluice-payloads-not-kept');
      await alerts.untilQuiet();

      await gateway.kill();
      await alerts.untilFiring('sluice-gateway-down');
      await gateway.start();
      await alerts.untilQuiet();
      await alerts.untilScraped(40);
      expect(await alerts.firing()).toEqual([]);
    });

    it('a store that fails now and then, readings that no rule takes, a log that drops', {
      timeout: TIMEOUT_MS,
    }, async () => {
      const alerts = watch(faulty);
      const { gateway, device } = faulty;

      script = ({ path }, index) => ({ status: path.startsWith('/write') && index % 2 === 0 ? 503 : 204 });
      // Its id is longer than the broker takes.
      const refused = mqtt.connect({
        port: gateway.mqttPort,
        clientId: 'x'.repeat(129),
        reconnectPeriod: 100,
        // It gets CONNACK 2, and tries again like a device that knows no better.
        reconnectOnConnackError: true,
      });
      refused.on('error', () => undefined);
      await alerts.untilFiring('sluice-store-retries', 'sluice-clients-refused');
      await refused.endAsync(true);
      script = () => ({ status: 204 });
      await alerts.untilQuiet();

      for (let megabytes = 0; megabytes < 15; megabytes += 3) {
        await device.publishRubbish(50, 60_000);
        await gateway.ledgerWhen(({ buffered }) => buffered < 50);
      }
      await device.publish('noise', '{}');
      await alerts.untilFiring('sluice-dead-letters-growing', 'sluice-dead-letter-filling');
      await alerts.untilQuiet('sluice-dead-letters-growing');

      script = () => 'cut';
      // More than the consumer has read already: what it holds is not lost.
      device.burst(6_000, 10_000);
      await alerts.untilFiring('sluice-records-lost');
      script = () => ({ status: 204 });
      // Nobody has made room in the dead letter.
      await alerts.untilOnly('sluice-dead-letter-filling');
      expect(await alerts.firing()).toEqual(['SluiceDeadLetterFilling']);
      await device.publishRubbish(60, 60_000);
      await alerts.untilFiring('sluice-dead-letter-full');
    });

    it('Kinesis that is away, and a stream that is deleted', { timeout: TIMEOUT_MS }, async () => {
      const alerts = watch(kinesis);

      network.cut();
      await alerts.untilFiring('sluice-kinesis-errors', 'sluice-oldest-unsent', 'sluice-poll-stalled');
      network.mend();
      await alerts.untilQuiet();
      await deleteTestStream(kinesalite.endpoint, 'telemetry');
      await alerts.untilFiring('sluice-kinesis-misconfigured');
    });

    it('what neither a sound gateway nor a local Kinesis says: figures made up', {
      timeout: TIMEOUT_MS,
    }, async () => {
      const alerts = watch(tampered);
      const madeUp = {
        'sluice_warnings_total{code="DEAD_LETTER_DAMAGED"}': 2,
        sluice_clock_implausible: 1,
        'sluice_consumer_budget_used_ratio{budget="series"}': 0.95,
        sluice_kinesis_reader_behind_latest_seconds: 50_000,
        sluice_kinesis_reader_gaps_total: 1,
        'sluice_ledger_records{fate="received"}': 1,
        'sluice_windows_behind_seconds{measurement="climate_5min"}': 900,
      };
      // What counts losses goes on rising until all alerts fire together.
      let lost = 0;
      const losing = setInterval(() => {
        lost += 1;
        tampered.set({
          ...madeUp,
          'sluice_windows_rows_refused_total{measurement="climate_5min"}': lost,
          sluice_broker_retained_refused_total: lost,
          sluice_broker_session_messages_dropped_total: lost,
        });
      }, 100);
      stops.push(async () => clearInterval(losing));
      await alerts.untilFiring(
        'sluice-kinesis-behind',
        'sluice-data-loss-ahead',
        'sluice-stream-gap',
        'sluice-ledger-unbalanced',
        'sluice-dead-letter-damaged',
        'sluice-clock-wrong',
        'sluice-budget-nearly-full',
        'sluice-windows-behind',
        'sluice-window-rows-refused',
        'sluice-retained-full',
        'sluice-subscribers-lose',
      );
      clearInterval(losing);
      tampered.set(WINDOWS_AT_REST);
      await alerts.untilQuiet(
        'sluice-kinesis-behind',
        'sluice-data-loss-ahead',
        'sluice-ledger-unbalanced',
        'sluice-dead-letter-damaged',
        'sluice-clock-wrong',
        'sluice-budget-nearly-full',
        'sluice-windows-behind',
      );
    });
  });

  it('every metric of docs/metrics.md is in Prometheus', async () => {
    const names = await prometheus.metricNames();
    const expected = METRICS.filter(({ only }) => only === undefined || only === 'Kinesis mode').map(
      ({ name, kind }) => (kind === 'histogram' ? `${name}_bucket` : name),
    );
    expect(expected.filter((name) => !names.includes(name))).toEqual(NOT_HERE);
  });

  it('every alert has fired, with whose it is, a value and where to read on', () => {
    expect([...seen.keys()].sort()).toEqual(QUICK_ALERTS.map(({ uid }) => uid).sort());
    for (const { labels, annotations } of seen.values()) {
      expect(labels).toMatchObject({
        product: 'sluice',
        severity: expect.stringMatching(/^(critical|warning)$/),
      });
      expect(annotations.summary).toContain(labels.instance);
      expect(Object.values(annotations).join()).not.toMatch(/[{}]|<no value>|<error/);
      expect(annotations.runbook).toMatch(/^docs\/runbook\.md#[a-z-]+$/);
      expect(annotations.dashboard).toMatch(/^\/d\/sluice-[a-z]+\?viewPanel=\d+$/);
    }
  });
});
