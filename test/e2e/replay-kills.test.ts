import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { GatewayProcess, isBalanced } from '../../harness/gateway-process.js';
import { runLoad } from '../../harness/load-client.js';
import { LAUNCHER } from '../../harness/programs.js';
import { requireServer, startInfluxd } from '../../harness/servers.js';
import { askGateway } from '../../src/control/ask-gateway.js';
import type { ReplayCommand } from '../../src/control/command-protocol.js';
import { connectToLockHolder } from '../../src/data-directory/directory-lock.js';
import { listParked } from '../../src/dead-letter/dead-letter-reader.js';
import type { LedgerView } from '../../src/http/gateway-view.js';
import { influxCount } from '../support/influx-read-back.js';
import { tempDirectory } from '../support/temp-directory.js';

const hasInfluxd = requireServer('influxd');
const ROUNDS = process.env.SLUICE_SOAK === 'full' ? 60 : 4;
const SEED = Number(process.env.SLUICE_SEED ?? 20_261_121);
/** Messages per topic in a round. */
const MESSAGES = 3_000;

/**
 * Three kinds of messages. Each kind has one final outcome, whatever rules it meets before: what some rules park and others
 * write ends as written, so that the store can be compared with the ledger.
 */
const KINDS = {
  written: (n: number) => `{"v":${n}.5}`,
  filtered: (n: number) => `{"v":-${n}.5}`,
  /** Large, so that parked files end and the dead letter gets full. */
  purged: (n: number) => `{"v":"${String(n).padEnd(60_000, 'x')}"`,
};
const TOPICS = Object.keys(KINDS) as (keyof typeof KINDS)[];

interface Round {
  readonly rules: 'wrong' | 'wrongElsewhere' | 'right';
  readonly checkpointMs: number;
  readonly jobs: readonly { readonly kind: 'replay' | 'purge'; readonly afterMs: number }[];
  readonly killAfterMs: number;
  /** A command while no gateway runs; it is killed as well. */
  readonly alone?: { readonly kind: 'replay' | 'purge'; readonly killAfterMs: number };
}

const job = fc.record({
  kind: fc.constantFrom('replay' as const, 'purge' as const),
  afterMs: fc.integer({ min: 0, max: 600 }),
});
const round: fc.Arbitrary<Round> = fc.record(
  {
    rules: fc.constantFrom('wrong' as const, 'wrongElsewhere' as const, 'right' as const, 'right' as const),
    checkpointMs: fc.constantFrom(100, 1_000),
    jobs: fc.array(job, { minLength: 1, maxLength: 4 }),
    killAfterMs: fc.integer({ min: 0, max: 1_500 }),
    alone: fc.record({
      kind: fc.constantFrom('replay' as const, 'purge' as const),
      killAfterMs: fc.integer({ min: 300, max: 1_200 }),
    }),
  },
  { requiredKeys: ['rules', 'checkpointMs', 'jobs', 'killAfterMs'] },
);

interface Store {
  /** YAML; without it the store is DuckDB in the data directory. */
  readonly config: string;
  /** Counts the points once the gateway has stopped. */
  readonly count: (dataDirectory: string) => Promise<number>;
}

async function influxdb(): Promise<Store> {
  const server = await startInfluxd({ databases: ['iot'] });
  onTestFinished(() => server.stop());
  return {
    config: `sink: { influx: { url: "${server.url}", database: iot } }`,
    count: () => influxCount(server.url, 'iot', 'halves', 'v'),
  };
}

async function duckdb(): Promise<Store> {
  return { config: '', count: duckdbCount };
}

async function duckdbCount(dataDirectory: string): Promise<number> {
  const database = await DuckDBInstance.create(join(dataDirectory, 'telemetry.duckdb'), {
    access_mode: 'READ_ONLY',
  });
  const connection = await database.connect();
  const rows = await connection.runAndReadAll('SELECT count(v)::DOUBLE FROM halves');
  connection.closeSync();
  database.closeSync();
  return Number(rows.getRows()[0]![0]);
}

function gatewayOn(
  directory: string,
  { config }: Store,
  { rules, checkpointMs }: Pick<Round, 'rules' | 'checkpointMs'>,
) {
  const type = rules === 'right' ? 'float' : 'int';
  return new GatewayProcess({
    directory,
    config: `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: 0 }] }
http: { host: 127.0.0.1, port: 0 }
${config}
consumer: { checkpointInterval: ${checkpointMs}ms, deadLetter: { maxSize: 16MiB, whenFull: block } }
rules:
  - name: ${rules}
    topic: halves/+device
    where: "${type === 'int' ? 'true' : 'payload.v >= 0.0'}"
    measurement: halves
    tags: { device: topic.device }
    fields: { v: { path: payload.v, type: ${type} } }
`,
  });
}

function selectionOf(kind: 'replay' | 'purge'): ReplayCommand {
  return {
    kind,
    selection: kind === 'replay' ? { all: true } : { topic: 'halves/purged' },
    dryRun: false,
  };
}

/** Resolves when the job has ended: killed, refused because another one runs, or done. */
async function ask(gateway: GatewayProcess, kind: 'replay' | 'purge'): Promise<void> {
  try {
    await askGateway(await connectToLockHolder(gateway.dataDirectory), selectionOf(kind), () => undefined);
  } catch {
    // The next round, or the last one, finishes it.
  }
}

async function askAlone(gateway: GatewayProcess, { kind, killAfterMs }: NonNullable<Round['alone']>) {
  const selected = kind === 'replay' ? ['--all'] : ['--topic', 'halves/purged', '--yes'];
  const command = spawn(
    process.execPath,
    [LAUNCHER, 'dead-letters', kind, ...selected, '-c', gateway.configFile],
    { stdio: 'ignore' },
  );
  const exited = once(command, 'exit');
  await Promise.race([exited, pause(killAfterMs)]);
  command.kill('SIGKILL');
  await exited;
}

function purgedOf({ reasons }: LedgerView): number {
  return reasons.parked.purged ?? 0;
}

/** The list has what the ledger counts as parked, each record once. */
async function expectListed(gateway: GatewayProcess, ledger: LedgerView): Promise<void> {
  const ids = (await listParked(join(gateway.dataDirectory, 'dead-letter'), 1_000_000)).map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.length).toBe(ledger.parked - purgedOf(ledger));
}

describe('replay and purge under changing rules, with kill -9 at any moment', () => {
  it.for([
    ['InfluxDB 1.6', influxdb, hasInfluxd],
    ['DuckDB', duckdb, true],
  ] as const)(
    'keep the ledger balanced in every process, and %s has in the end exactly what the ledger says',
    { timeout: 120_000 + ROUNDS * 20_000 },
    async ([_name, open, isThere], { skip }) => {
      if (!isThere) skip();
      const store = await open();
      const directory = tempDirectory();
      const sent = { written: 0, filtered: 0, purged: 0 };
      const acknowledged = { written: 0, filtered: 0, purged: 0 };
      for (const [index, one] of fc.sample(round, { numRuns: ROUNDS, seed: SEED }).entries()) {
        const gateway = gatewayOn(directory, store, one);
        onTestFinished(() => gateway.end());
        await gateway.start();
        let isAlive = true;
        const first = await gateway.ledger();
        expect(isBalanced(first), `round ${index}: ${JSON.stringify(first)}`).toBe(true);
        if (first.buffered === 0) await expectListed(gateway, first);
        const loads = TOPICS.map((kind) => {
          const from = sent[kind];
          const messages = kind === 'purged' ? MESSAGES / 20 : MESSAGES;
          sent[kind] += messages;
          return runLoad({
            host: '127.0.0.1',
            port: gateway.mqttPort,
            connections: 1,
            messages,
            qos: 1,
            window: 20,
            topic: () => `halves/${kind}`,
            payload: (_connection, n) => Buffer.from(KINDS[kind](from + n)),
            clientId: () => kind,
            onAcknowledged: () => {
              acknowledged[kind] += 1;
            },
          }).catch(() => undefined);
        });
        const jobs = one.jobs.map(async ({ kind, afterMs }) => {
          await pause(afterMs);
          if (isAlive) await ask(gateway, kind);
        });
        const watching = (async () => {
          while (isAlive) {
            const ledger = await gateway.ledger().catch(() => undefined);
            if (ledger !== undefined) {
              expect(isBalanced(ledger), `round ${index}: ${JSON.stringify(ledger)}`).toBe(true);
              for (const count of Object.values(ledger.reasons.parked)) expect(count).toBeGreaterThan(0);
            }
            await pause(20);
          }
        })();
        await pause(one.killAfterMs);
        isAlive = false;
        await gateway.kill();
        await Promise.all([...loads, ...jobs, watching]);
        if (one.alone !== undefined) await askAlone(gateway, one.alone);
      }

      const last = gatewayOn(directory, store, { rules: 'right', checkpointMs: 100 });
      onTestFinished(() => last.end());
      await last.start();
      // A full dead letter may need several: each purge makes room for more to purge.
      for (;;) {
        await ask(last, 'purge');
        await ask(last, 'replay');
        const ledger = await last.ledger();
        expect(isBalanced(ledger), JSON.stringify(ledger)).toBe(true);
        if (ledger.buffered === 0) {
          await expectListed(last, ledger);
          if (ledger.parked === purgedOf(ledger)) break;
        }
      }
      const ledger = await last.ledger();
      expect(ledger).toMatchObject({ buffered: 0, lost: 0, parked: purgedOf(ledger) });
      for (const kind of TOPICS) {
        const count = kind === 'purged' ? purgedOf(ledger) : ledger[kind];
        expect(count, kind).toBeGreaterThanOrEqual(acknowledged[kind]);
        expect(count, kind).toBeLessThanOrEqual(sent[kind]);
        expect(acknowledged[kind]).toBeGreaterThan(0);
      }
      await last.kill();
      await last.start();
      expect(await last.ledger()).toEqual(ledger);
      expect(await last.stop()).toBe(0);
      expect(await store.count(last.dataDirectory)).toBe(ledger.written);
    },
  );
});
