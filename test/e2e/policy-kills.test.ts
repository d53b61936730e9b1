import { cpSync, lstatSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { GatewayProcess, isBalanced } from '../../harness/gateway-process.js';
import { createDatabase, requireServer, startInfluxd } from '../../harness/servers.js';
import { dataDirectory } from '../../src/data-directory/data-directory.js';
import type { LedgerView } from '../../src/http/gateway-view.js';
import { savedStates } from '../../src/ledger/saved-states.js';
import { POLICY_RULES, policyMessages, seeded } from '../support/policy-messages.js';
import { publishMessages } from '../support/publish-messages.js';
import { duckdbLines, influxLines } from '../support/stored-lines.js';
import { tempDirectory } from '../support/temp-directory.js';

const isFull = process.env.SLUICE_SOAK === 'full';
const ROUNDS = isFull ? 2_000 : 200;
const KILLS = isFull ? 60 : 3;
/** They take longer. */
const DUCKDB_KILLS = isFull ? 60 : 2;
const SEED = Number(process.env.SLUICE_SEED ?? 20_261_130);

interface Run {
  readonly checkpointInterval: string;
  /** YAML of the sink; without it DuckDB in the data directory. */
  readonly sink?: string;
}

function gatewayOn(directory: string, { checkpointInterval, sink = '' }: Run): GatewayProcess {
  const gateway = new GatewayProcess({
    directory,
    config: `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: 0 }] }
http: { host: 127.0.0.1, port: 0 }
${sink}
consumer: { checkpointInterval: ${checkpointInterval}, batch: { records: 100, linger: 1ms } }
${POLICY_RULES}`,
  });
  onTestFinished(() => gateway.end());
  return gateway;
}

/** A data directory with a log of which nothing was processed yet; each run gets a copy of it. */
async function filledDirectory(): Promise<string> {
  const directory = tempDirectory();
  const sink = 'sink: { influx: { url: "http://127.0.0.1:9", database: iot } }';
  const gateway = gatewayOn(directory, { checkpointInterval: '10ms', sink });
  await gateway.start();
  const baseMs = Math.floor(Date.now() / 3_600_000 - 1) * 3_600_000;
  await publishMessages(gateway.mqttPort, policyMessages(SEED, ROUNDS, baseMs));
  await gateway.kill();
  return directory;
}

function copyOf(filled: string): string {
  const directory = tempDirectory();
  // The socket of the lock cannot be copied.
  const filter = (source: string) => !lstatSync(source).isSocket();
  cpSync(join(filled, 'data'), join(directory, 'data'), { recursive: true, filter });
  return directory;
}

/** What must not depend on kills. */
interface Outcome {
  readonly ledger: Pick<LedgerView, 'received' | 'written' | 'parked' | 'filtered' | 'lost' | 'reasons'>;
  /** What is remembered at the end, sorted. */
  readonly state: readonly string[];
}

async function outcomeOf(gateway: GatewayProcess): Promise<Outcome> {
  const ledger = await gateway.ledgerWhen(({ buffered }) => buffered === 0);
  expect(isBalanced(ledger), JSON.stringify(ledger)).toBe(true);
  expect(gateway.output).not.toContain('STATE_LOST');
  expect(await gateway.stop()).toBe(0);
  const { received, written, parked, filtered, lost, reasons } = ledger;
  const states = await savedStates(dataDirectory(gateway.dataDirectory), (_fields, sentence) => {
    throw new Error(sentence);
  });
  const changes = states.takeAll().flatMap((partition) => partition.changes);
  // The keys of duplicates are kept together as each batch had them.
  const kept = changes.filter(([table]) => !/\/duplicates(?:\/|$)/.test(table));
  return {
    ledger: { received, written, parked, filtered, lost, reasons },
    state: kept.map((change) => JSON.stringify(change)).sort(),
  };
}

/** Otherwise nothing would be tested. */
function expectEveryPolicyMet({ ledger, state }: Outcome): void {
  const { parked, filtered } = ledger.reasons;
  expect(Object.keys(parked).sort()).toEqual(['sparkplug-no-birth', 'too-many-fields', 'too-many-series']);
  expect(Object.keys(filtered).sort()).toEqual(['doors', 'doors: duplicate', 'states: no value']);
  const sizeOf = (table: string) =>
    state.filter((change) => change.startsWith(`[${JSON.stringify(table)},`)).length;
  expect(sizeOf('series/boots_park')).toBe(150);
  expect(sizeOf('tag/12/boots_demote/boot')).toBe(120);
  expect(sizeOf('fields/names_omit')).toBe(80);
  expect(sizeOf('fields/names_park')).toBe(100);
  expect(sizeOf('rule/6/meters/gaps')).toBe(4);
  expect(sizeOf('sparkplug-births')).toBe(4);
}

/** A proxy in front of InfluxDB, which asks `onWrite` before and after each write. */
async function startProxy(behind: string, onWrite: (when: 'before' | 'after') => Promise<void>) {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', async () => {
      const isWrite = request.url?.startsWith('/write') === true;
      if (isWrite) await onWrite('before');
      if (request.socket.destroyed) return;
      const encoding = request.headers['content-encoding'];
      const answer = await fetch(`${behind}${request.url}`, {
        method: request.method ?? 'GET',
        headers: encoding === undefined ? {} : { 'content-encoding': encoding },
        body: chunks.length > 0 ? Buffer.concat(chunks) : undefined,
      });
      const text = await answer.text();
      if (isWrite) await onWrite('after');
      response.writeHead(answer.status).end(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}

describe('a log that meets all policies gives the same lines', () => {
  it.skipIf(!requireServer('influxd'))(
    `with ${KILLS} SIGKILLs before and behind a write to InfluxDB, whatever the interval of checkpoints`,
    { timeout: 600_000 },
    async () => {
      const influxd = await startInfluxd({ databases: ['calm'] });
      onTestFinished(() => influxd.stop());
      const filled = await filledDirectory();
      const sinkTo = (url: string, database: string) =>
        `sink: { influx: { url: "${url}", database: ${database} } }`;
      const calm = gatewayOn(copyOf(filled), {
        checkpointInterval: '1s',
        sink: sinkTo(influxd.url, 'calm'),
      });
      await calm.start();
      const expected = await outcomeOf(calm);
      expectEveryPolicyMet(expected);
      const lines = await influxLines(influxd.url, 'calm');

      const random = seeded(SEED);
      let stopped: (() => void) | undefined;
      let writesLeft = 0;
      let moment: 'before' | 'after' = 'before';
      const url = await startProxy(influxd.url, async (when) => {
        if (when !== moment || stopped === undefined) return;
        writesLeft -= 1;
        if (writesLeft > 0) return;
        const kill = stopped;
        stopped = undefined;
        kill();
        // The writer is gone before an answer can reach it.
        await gone;
      });
      let gone: Promise<void> = Promise.resolve();
      for (const { database, checkpointInterval, kills } of [
        { database: 'often', checkpointInterval: '10ms', kills: KILLS },
        // Each life begins with the first record again.
        { database: 'seldom', checkpointInterval: '10min', kills: 2 },
      ]) {
        await createDatabase(influxd.url, database);
        const killed = gatewayOn(copyOf(filled), { checkpointInterval, sink: sinkTo(url, database) });
        for (let kill = 1; kill <= kills; kill += 1) {
          writesLeft = 1 + Math.floor(random() * (ROUNDS / KILLS / 2));
          moment = random() < 0.5 ? 'before' : 'after';
          const hit = new Promise<void>((resolve) => {
            stopped = () => {
              gone = killed.kill();
              void gone.then(resolve);
            };
          });
          // The kill may come before it says that it is ready.
          await killed.start().catch(() => undefined);
          await hit;
        }
        await killed.start();
        expect(await outcomeOf(killed), database).toEqual(expected);
        expect(await influxLines(influxd.url, database), database).toEqual(lines);
      }
    },
  );

  it(`with ${DUCKDB_KILLS} SIGKILLs at any moment of writing to DuckDB`, { timeout: 600_000 }, async () => {
    const filled = await filledDirectory();
    const calm = gatewayOn(copyOf(filled), { checkpointInterval: '1s' });
    await calm.start();
    const expected = await outcomeOf(calm);
    expectEveryPolicyMet(expected);

    const random = seeded(SEED);
    const killed = gatewayOn(copyOf(filled), { checkpointInterval: '10ms' });
    const processed = ({ received, buffered }: LedgerView) => received - buffered;
    let before = 0;
    for (let kill = 1; kill <= DUCKDB_KILLS; kill += 1) {
      const target = before + 1 + random() * ((expected.ledger.received - before) / (DUCKDB_KILLS + 1));
      await killed.start();
      await killed.ledgerWhen((ledger) => processed(ledger) >= target);
      await pause(random() * 20);
      await killed.kill();
      before = target;
    }
    await killed.start();
    expect(await outcomeOf(killed)).toEqual(expected);
    expect(await duckdbLines(killed.dataDirectory)).toEqual(await duckdbLines(calm.dataDirectory));
  });
});
