import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { describe, expect, it, onTestFinished } from 'vitest';
import { GatewayProcess, isBalanced } from '../../harness/gateway-process.js';
import { runLoad } from '../../harness/load-client.js';
import { sluice } from '../../harness/programs.js';
import { requireServer } from '../../harness/servers.js';
import { listParked } from '../../src/dead-letter/dead-letter-reader.js';
import { tempDirectory } from '../support/temp-directory.js';

/** The library that `faketime` preloads. The program itself would stay between the test and the gateway. */
const FAKETIME = spawnSync('faketime', ['-m', '-f', '+0', 'printenv', 'LD_PRELOAD'], { encoding: 'utf8' });

const CONFIG = `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: 0 }] }
http: { host: 127.0.0.1, port: 0 }
rules:
  - name: plant
    topic: plant/+device/telemetry
    measurement: telemetry
    # A time that is only guessed (auto) is never a reason to park.
    time: { path: ts, unit: ms }
    tags: { device: topic.device }
    fields: { v: payload.v }
`;

/** Starts the gateway on the directory with its clock moved by `offset`, as faketime takes it. */
function startedAt(directory: string, offset?: string): Promise<GatewayProcess> {
  return started(directory, offset === undefined ? undefined : { FAKETIME: offset });
}

async function started(directory: string, faketime?: Readonly<Record<string, string>>) {
  const preload = { LD_PRELOAD: FAKETIME.stdout.trim(), FAKETIME_DONT_FAKE_MONOTONIC: '1' };
  const gateway = new GatewayProcess({
    directory,
    config: CONFIG,
    env: faketime && { ...preload, ...faketime },
  });
  onTestFinished(() => gateway.end());
  await gateway.start();
  return gateway;
}

/** A device whose own clock is right. */
async function publish(gateway: GatewayProcess, device: string): Promise<void> {
  await runLoad({
    host: '127.0.0.1',
    port: gateway.mqttPort,
    connections: 1,
    messages: 1,
    qos: 1,
    window: 1,
    topic: () => `plant/${device}/telemetry`,
    payload: () => Buffer.from(JSON.stringify({ ts: Date.now(), v: 1 })),
  });
}

async function readyz(gateway: GatewayProcess) {
  const answer = await fetch(`${gateway.httpUrl}/readyz`);
  const { notes = [] } = (await answer.json()) as { notes?: { stage: string; note: string }[] };
  return { status: answer.status, notes: notes.map(({ note }) => note).join('\n') };
}

/** The times in the store, in ms, of the devices in order. */
async function storedMs(gateway: GatewayProcess): Promise<number[]> {
  const instance = await DuckDBInstance.create(join(gateway.dataDirectory, 'telemetry.duckdb'));
  const connection = await instance.connect();
  const rows = await connection.runAndReadAll('SELECT epoch_ms(time) FROM telemetry ORDER BY device');
  connection.closeSync();
  instance.closeSync();
  return rows.getRows().map(([ms]) => Number(ms));
}

const isNow = (ms: number) => Math.abs(ms - Date.now()) < 300_000;

describe.skipIf(!requireServer('faketime'))('a clock that was wrong', { timeout: 120_000 }, () => {
  it('400 days ahead at one start: good device times are written at the next, and what was parked can be replayed', async () => {
    const directory = tempDirectory();
    const ahead = await startedAt(directory, '+400d');
    await publish(ahead, 'a');
    await ahead.ledgerWhen(({ parked }) => parked === 1);
    expect(await ahead.stop()).toBe(0);

    const gateway = await startedAt(directory);
    expect(gateway.output).toContain('CLOCK_STEPPED');
    expect(await readyz(gateway)).toMatchObject({ status: 200, notes: expect.stringContaining('ahead of') });
    await publish(gateway, 'b');
    await gateway.ledgerWhen(({ written }) => written === 1);
    const replay = await sluice(['dead-letters', 'replay', '--all', '-c', gateway.configFile]);
    expect(replay.stdout + replay.stderr).toMatch(/1 written/);
    expect(isBalanced(await gateway.ledgerWhen(({ written }) => written === 2))).toBe(true);
    expect(await gateway.stop()).toBe(0);
    const times = await storedMs(gateway);
    expect(times).toHaveLength(2);
    expect(times.every(isNow)).toBe(true);
    expect(await listParked(join(gateway.dataDirectory, 'dead-letter'), 10)).toEqual([]);
  });

  it.each(['1', '0'])(
    '400 days ahead for a while as it runs (monotonic clock left alone: %s)',
    async (isLeft) => {
      const directory = tempDirectory();
      const offsetFile = join(directory, 'offset');
      writeFileSync(offsetFile, '+0');
      const gateway = await started(directory, {
        FAKETIME_TIMESTAMP_FILE: offsetFile,
        FAKETIME_NO_CACHE: '1',
        FAKETIME_DONT_FAKE_MONOTONIC: isLeft,
      });
      await publish(gateway, 'a');
      await gateway.ledgerWhen(({ written }) => written === 1);
      writeFileSync(offsetFile, '+400d');
      await publish(gateway, 'b');
      await gateway.ledgerWhen(({ parked }) => parked === 1);
      if (isLeft === '1') {
        while (!gateway.output.includes('CLOCK_STEPPED'))
          await new Promise((resolve) => setTimeout(resolve, 20));
      }
      writeFileSync(offsetFile, '+0');
      await publish(gateway, 'c');
      await gateway.ledgerWhen(({ written }) => written === 2);
      await gateway.kill();

      const next = await startedAt(directory);
      await publish(next, 'd');
      const ledger = await next.ledgerWhen(({ received, buffered }) => received === 4 && buffered === 0);
      expect(isBalanced(ledger)).toBe(true);
      // If no checkpoint was saved before the kill, b is judged again, by a clock that is right now.
      expect([3, 4]).toContain(ledger.written);
      expect(ledger.parked).toBe(4 - ledger.written);
      expect(await next.stop()).toBe(0);
      expect((await storedMs(next)).every(isNow)).toBe(true);
    },
  );

  it('in 1970 at a start: good device times are believed, it is said everywhere, and the next start is as always', async () => {
    const directory = tempDirectory();
    const in1970 = await startedAt(directory, '@1970-01-02 00:01:00');
    expect(in1970.output).toContain('CLOCK_IMPLAUSIBLE');
    expect(await readyz(in1970)).toMatchObject({
      status: 200,
      notes: expect.stringContaining('cannot be correct'),
    });
    expect(await (await fetch(`${in1970.httpUrl}/metrics`)).text()).toMatch(/^sluice_clock_implausible 1$/m);
    await publish(in1970, 'a');
    await in1970.ledgerWhen(({ written }) => written === 1);
    expect(await in1970.stop()).toBe(0);

    const gateway = await startedAt(directory);
    expect(await readyz(gateway)).toEqual({ status: 200, notes: '' });
    await publish(gateway, 'b');
    await gateway.ledgerWhen(({ written }) => written === 2);
    expect(await gateway.stop()).toBe(0);
    expect((await storedMs(gateway)).every(isNow)).toBe(true);
  });
});
