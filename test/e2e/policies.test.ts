import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { GatewayProcess, isBalanced } from '../../harness/gateway-process.js';
import { sluice } from '../../harness/programs.js';
import { requireServer, startInfluxd } from '../../harness/servers.js';
import type { BudgetUse } from '../../src/rules/policies/budget-use.js';
import { type ClientMessage, publishMessages } from '../support/publish-messages.js';
import { duckdbLines, influxLines } from '../support/stored-lines.js';
import { tempDirectory } from '../support/temp-directory.js';

const isFull = process.env.SLUICE_SOAK === 'full';
/** Different devices of the client that goes wrong. */
const DEVICES = isFull ? 100_000 : 3_000;
const HONEST = 50;
const READINGS = 10;
const BOOTS = 300;

interface Store {
  /** New field names of that client; a table of DuckDB has at most 500 columns. */
  readonly names: number;
  /** YAML; without it the store is DuckDB in the data directory. */
  readonly sink: string;
  /** All points, once the gateway has stopped. */
  readonly lines: (gateway: GatewayProcess) => Promise<string[]>;
}

const STORES: readonly [name: string, isThere: boolean, open: () => Promise<Store>][] = [
  [
    'InfluxDB 1.6',
    requireServer('influxd'),
    async () => {
      const server = await startInfluxd({ databases: ['iot'], unlimitedSeries: true });
      onTestFinished(() => server.stop());
      return {
        names: isFull ? 5_000 : 2_000,
        sink: `sink: { influx: { url: "${server.url}", database: iot } }`,
        lines: () => influxLines(server.url, 'iot'),
      };
    },
  ],
  [
    'DuckDB',
    true,
    async () => ({ names: 450, sink: '', lines: ({ dataDirectory }) => duckdbLines(dataDirectory) }),
  ],
];

async function started({ sink }: Store, config: string): Promise<GatewayProcess> {
  const gateway = new GatewayProcess({
    directory: tempDirectory(),
    config: `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: 0 }] }
http: { host: 127.0.0.1, port: 0 }
${sink}
${config}`,
  });
  onTestFinished(() => gateway.end());
  await gateway.start();
  return gateway;
}

/** Resolves when everything that was sent has its outcome, which the ledger accounts for. */
async function processed(gateway: GatewayProcess) {
  const ledger = await gateway.ledgerWhen(({ buffered }) => buffered === 0);
  expect(isBalanced(ledger), JSON.stringify(ledger)).toBe(true);
  return ledger;
}

const metricsOf = async ({ httpUrl }: GatewayProcess) => (await fetch(`${httpUrl}/metrics`)).text();

describe.each(STORES)('in %s', (_name, isThere, open) => {
  it.skipIf(!isThere)('of two readings in one second the later one stays, or both with spread', async () => {
    const ruleOf = (name: string, collision: string) => `
  - name: ${name}
    topic: ${name}/+meter
    measurement: ${name}
    time: { path: payload.t, unit: s }
    tags: { meter: topic.meter }
    fields: { w: { path: payload.w, type: float } }
    policies: { collision: ${collision} }`;
    const store = await open();
    const gateway = await started(store, `rules:${ruleOf('last', 'keep-last')}${ruleOf('both', 'spread')}`);
    const seconds = Math.floor(Date.now() / 1_000) - 60;
    const readings = ['last', 'both'].flatMap((rule) =>
      [1.5, 2.5, 3.5].map((w) => ({
        client: 'meter',
        topic: `${rule}/m1`,
        payload: JSON.stringify({ t: seconds, w }),
      })),
    );
    await publishMessages(gateway.mqttPort, readings);
    expect(await processed(gateway)).toMatchObject({ written: 6, parked: 0 });
    expect(await metricsOf(gateway)).toMatch(/^sluice_consumer_notes_total\{[a-z]+="collision"\} 2$/m);
    // Sent again, in another process of the gateway: the same points.
    await gateway.kill();
    await gateway.start();
    await publishMessages(gateway.mqttPort, readings);
    expect(await processed(gateway)).toMatchObject({ written: 12, parked: 0 });
    expect(await gateway.stop()).toBe(0);

    const points = (await store.lines(gateway)).map((line) => {
      const [measurement, meter, w, time] = line.split(' ');
      return { measurement, meter, w, offsetNs: Number(BigInt(time!) - BigInt(seconds) * 1_000_000_000n) };
    });
    const one = { meter: 'meter="m1"' };
    expect(points.filter(({ measurement }) => measurement === 'last')).toEqual([
      { ...one, measurement: 'last', w: 'w=3.5', offsetNs: 0 },
    ]);
    const both = points.filter(({ measurement }) => measurement === 'both');
    expect(both.map(({ w }) => w)).toEqual(['w=1.5', 'w=2.5', 'w=3.5']);
    expect(new Set(both.map(({ offsetNs }) => offsetNs)).size).toBe(3);
    for (const { offsetNs } of both) {
      expect(offsetNs).toBeGreaterThanOrEqual(0);
      expect(offsetNs).toBeLessThan(1_000_000_000);
    }
  });

  it.skipIf(!isThere)(
    'a client with new devices and field names without end takes nothing from the others, and gets all back once the budget is raised',
    { timeout: 600_000 },
    async () => {
      const store = await open();
      const { names } = store;
      const series = Math.floor(DEVICES / 7);
      const fields = Math.floor(names / 5);
      const gateway = await started(
        store,
        `consumer: { policies: { cardinality: { series: ${series}, fields: ${fields}, newFields: ${fields}, clientShare: 80 } } }
rules:
  - name: climate
    topic: climate/+device
    measurement: climate
    time: { path: payload.t, unit: ms }
    tags: { device: topic.device }
    fields: { v: payload.v }
  - name: names
    topic: names/+device
    measurement: names
    time: { path: payload.t, unit: ms }
    autoFields: { from: payload.f }
    policies: { collision: spread }
  - name: boots
    topic: boots
    measurement: boots
    time: { path: payload.t, unit: s }
    tags: { boot: payload.boot }
    fields: { v: payload.v }
    policies: { collision: spread, cardinality: { tagValues: 100, otherwise: demote } }
`,
      );
      const baseMs = Math.floor(Date.now() / 3_600_000 - 1) * 3_600_000;
      const at = (client: string, topic: string, n: number, more: object): ClientMessage => ({
        client,
        topic,
        payload: JSON.stringify({ t: baseMs + n, ...more }),
      });
      const honest = (topic: string, from: number, to: number, of: (n: number) => object) =>
        Array.from({ length: HONEST }, (_, d) =>
          Array.from({ length: to - from }, (_, n) =>
            at(`honest-${d}`, `${topic}/h${d}`, from + n, of(d * 1_000 + n)),
          ),
        ).flat();
      const many = (count: number, of: (n: number) => ClientMessage) =>
        Array.from({ length: count }, (_, n) => of(n));
      const share = (budget: number) => Math.floor(budget * 0.8);

      await publishMessages(
        gateway.mqttPort,
        honest('names', 0, 1, (n) => ({ f: { common: n } })),
      );
      await publishMessages(gateway.mqttPort, [
        ...many(DEVICES, (n) => at('bad', `climate/d${n}`, n, { v: n })),
        ...honest('climate', 0, READINGS, (n) => ({ v: n })),
      ]);
      const flooded = await processed(gateway);
      expect(flooded.reasons.parked).toEqual({ 'too-many-series': DEVICES - share(series) });
      expect(gateway.output).toMatch(
        /"CARDINALITY_EXCEEDED","budget":"client-series","measurement":"climate","name":"device","client":"bad"/,
      );
      await publishMessages(gateway.mqttPort, [
        ...many(names, (n) => at('bad', 'names/bad', n, { f: { common: n, [`x${n}`]: n } })),
        ...many(BOOTS, (n) => ({
          client: 'sensor',
          topic: 'boots',
          payload: JSON.stringify({ t: baseMs / 1_000, boot: `b${n}`, v: n }),
        })),
        ...honest('names', 1, READINGS, (n) => ({ f: { common: n } })),
        ...honest('climate', READINGS, 2 * READINGS, (n) => ({ v: n })),
      ]);
      const before = await processed(gateway);
      const parked = {
        'too-many-series': DEVICES - share(series),
        'too-many-fields': names - share(fields),
      };
      expect(before.reasons.parked).toEqual(parked);
      const total = DEVICES + names + BOOTS + HONEST * READINGS * 3;
      expect(before).toMatchObject({ received: total, filtered: 0, lost: 0, written: total - before.parked });

      await expect
        .poll(async () => (await (await fetch(`${gateway.httpUrl}/api/budgets`)).json()) as BudgetUse, {
          timeout: 30_000,
        })
        .toMatchObject({
          limits: { series, fields },
          measurements: expect.arrayContaining([
            expect.objectContaining({
              measurement: 'climate',
              series: share(series) + HONEST,
              fields: 0,
              tags: [{ tag: 'device', values: share(series) + HONEST }],
              clients: expect.arrayContaining([{ client: 'bad', series: share(series) }]) as unknown,
            }),
            expect.objectContaining({ measurement: 'names', fields: share(fields) + 1 }),
            expect.objectContaining({ measurement: 'boots', tags: [{ tag: 'boot', values: 100 }] }),
          ]) as unknown,
        });
      const metrics = await metricsOf(gateway);
      const ratioOf = (budget: string) =>
        Number(
          new RegExp(`^sluice_consumer_budget_used_ratio\\{budget="${budget}"\\} (\\S+)$`, 'm').exec(
            metrics,
          )?.[1],
        );
      expect(ratioOf('series')).toBeCloseTo((share(series) + HONEST) / series, 3);
      expect(ratioOf('fields')).toBeCloseTo((share(fields) + 1) / fields, 3);
      await expect
        .poll(async () => (await sluice(['doctor', '-c', gateway.configFile])).stdout, { timeout: 30_000 })
        .toContain(`the client bad added ${share(series)} series`);

      const config = readFileSync(gateway.configFile, 'utf8');
      const raised = config.replace(
        /series: \d+, fields: \d+, newFields: \d+, clientShare: 80/,
        'series: 1000000, tagValues: 1000000, fields: 10000, newFields: 10000, clientShare: 100',
      );
      expect(raised).not.toBe(config);
      writeFileSync(`${gateway.configFile}.new`, raised);
      renameSync(`${gateway.configFile}.new`, gateway.configFile);
      expect(await sluice(['reload', '-c', gateway.configFile])).toMatchObject({ code: 0 });
      for (const [code, count] of Object.entries(parked)) {
        expect(
          await sluice(['dead-letters', 'replay', '--code', code, '-c', gateway.configFile]),
        ).toMatchObject({
          code: 0,
          stdout: expect.stringContaining(`${count} written`) as string,
        });
      }
      const after = await processed(gateway);
      expect(after).toMatchObject({ received: total, written: total, parked: 0 });
      expect(await gateway.stop()).toBe(0);

      const lines = await store.lines(gateway);
      const linesOf = (measurement: string, words: RegExp) =>
        lines.filter((line) => line.startsWith(`${measurement} `) && words.test(line)).length;
      expect(linesOf('climate', /device="d/)).toBe(DEVICES);
      expect(linesOf('climate', /device="h/)).toBe(HONEST * READINGS * 2);
      expect(linesOf('names', / x\d/)).toBe(names);
      expect(linesOf('names', /^names common=\S+ \d+$/)).toBe(HONEST * READINGS);
      expect(linesOf('boots', /boot="/)).toBe(100);
      expect(linesOf('boots', /boot_value="/)).toBe(BOOTS - 100);
      expect(lines.length).toBe(total);
    },
  );
});
