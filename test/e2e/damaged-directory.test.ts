import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { GatewayProcess, isBalanced } from '../../harness/gateway-process.js';
import { runLoad } from '../../harness/load-client.js';
import { sluice } from '../../harness/programs.js';
import { checkedJson } from '../../src/lib/checked-json.js';
import { FLEET_RULE, runFleet } from '../support/fleet-load.js';
import { tempDirectory } from '../support/temp-directory.js';
import { contentOf } from '../support/used-directory.js';

const MESSAGES = 1_000;
const PARKED = 20;
const SOON = { timeout: 30_000, interval: 50 };

async function filled(sink = ''): Promise<GatewayProcess> {
  const gateway = new GatewayProcess({
    directory: tempDirectory(),
    config: `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: 0 }] }
http: { host: 127.0.0.1, port: 0 }
${sink}
${FLEET_RULE}`,
  });
  onTestFinished(() => gateway.end());
  await gateway.start();
  await runFleet({ port: gateway.mqttPort, messages: MESSAGES, baseMs: Date.now() - 3_600_000 });
  await runLoad({
    host: '127.0.0.1',
    port: gateway.mqttPort,
    connections: 1,
    messages: PARKED,
    qos: 1,
    window: 5,
    topic: () => 'fleet/broken/telemetry',
    payload: () => Buffer.from('{"temperature":'),
  });
  return gateway;
}

const fileOf = (gateway: GatewayProcess, ...names: string[]) => join(gateway.dataDirectory, ...names);

/** The start is refused with exit code 2; nothing changes; `check` and `doctor` say the same. */
async function expectRefused(gateway: GatewayProcess, words: string): Promise<void> {
  const before = contentOf(gateway.dataDirectory);
  const started = await sluice(['start', '-c', gateway.configFile]);
  expect(started.code).toBe(2);
  expect(started.stdout + started.stderr).toContain(words);
  const checked = await sluice(['check', '-c', gateway.configFile]);
  expect(checked.code).toBe(2);
  expect(checked.stderr).toContain(words);
  const looked = await sluice(['doctor', '-c', gateway.configFile]);
  expect(looked.code).toBe(1);
  expect(looked.stdout).toContain(words);
  expect(contentOf(gateway.dataDirectory)).toEqual(before);
}

it('a damaged or empty checkpoint never keeps the gateway from receiving, and the ledger balances', {
  timeout: 120_000,
}, async () => {
  const gateway = await filled();
  const before = await gateway.ledgerWhen(({ buffered }) => buffered === 0);
  expect(before).toMatchObject({ written: MESSAGES, parked: PARKED });
  expect(await gateway.stop()).toBe(0);
  const newest = fileOf(gateway, 'checkpoints', 'consumer.checkpoint.json');
  const copy = fileOf(gateway, 'checkpoints', 'consumer.checkpoint.copy.json');

  writeFileSync(newest, '');
  await gateway.start();
  expect(gateway.output).toContain('"code":"CHECKPOINT_RESTORED"');
  expect(gateway.output).toContain(newest);
  expect(await gateway.ledger()).toEqual(before);
  expect(await gateway.stop()).toBe(0);

  writeFileSync(newest, readFileSync(newest).subarray(0, 40));
  writeFileSync(copy, '{"crc32":1,"checkpoint":{}}');
  await gateway.start();
  expect(gateway.output).toContain('"code":"CHECKPOINT_RESET"');
  const again = await gateway.ledgerWhen(({ buffered }) => buffered === 0);
  // The whole log is still there: everything is written over itself, and what was parked is parked once more.
  expect(again).toMatchObject({ received: before.received, written: MESSAGES, parked: PARKED, lost: 0 });
  expect(isBalanced(again)).toBe(true);
  await runFleet({ port: gateway.mqttPort, messages: 100, firstSeq: 5_000, baseMs: Date.now() - 60_000 });
  const last = await gateway.ledgerWhen(({ buffered }) => buffered === 0);
  expect(isBalanced(last)).toBe(true);
  expect(await gateway.stop()).toBe(0);
});

it('a foreign log below an own checkpoint is refused by start, check and doctor, and can be put right', {
  timeout: 120_000,
}, async () => {
  const own = await filled();
  await own.ledgerWhen(({ buffered }) => buffered === 0);
  // Below a position of 0 nothing of a foreign log would be skipped: it would be read from its oldest record.
  const checkpoint = fileOf(own, 'checkpoints', 'consumer.checkpoint.json');
  await expect
    .poll(() => existsSync(checkpoint) && readFileSync(checkpoint, 'utf8'), SOON)
    .toContain(`"position":"${MESSAGES + PARKED}"`);
  await own.kill();
  const other = await filled('sink: { influx: { url: "http://127.0.0.1:9", database: iot } }');
  await other.kill();
  const log = fileOf(own, 'log');
  const aside = join(tempDirectory(), 'log');
  cpSync(log, aside, { recursive: true });
  rmSync(log, { recursive: true });
  cpSync(fileOf(other, 'log'), log, { recursive: true });
  await expectRefused(own, 'is not the one of the checkpoint');

  rmSync(log, { recursive: true });
  cpSync(aside, log, { recursive: true });
  await own.start();
  expect(isBalanced(await own.ledger())).toBe(true);
  expect(await own.stop()).toBe(0);
});

it('a directory of a newer version is refused by start, check and doctor', { timeout: 120_000 }, async () => {
  const gateway = await filled();
  await gateway.stop();
  writeFileSync(
    fileOf(gateway, 'directory.json'),
    checkedJson('directory', { format: 99, id: 'x', createdAt: '', writtenBy: '2.0.0' }),
  );
  await expectRefused(gateway, 'format 99, written by Sluice 2.0.0');
});

it('an orderly stop leaves a note that is gone while the gateway runs, and that a kill does not leave', {
  timeout: 120_000,
}, async () => {
  const gateway = await filled();
  const note = fileOf(gateway, 'clean-stop.json');
  expect(existsSync(note)).toBe(false);
  await gateway.kill();
  expect(existsSync(note)).toBe(false);
  await gateway.start();
  expect(await gateway.stop()).toBe(0);
  expect(JSON.parse(readFileSync(note, 'utf8'))).toMatchObject({ cleanStop: { logEnd: MESSAGES + PARKED } });
  await gateway.start();
  expect(existsSync(note)).toBe(false);
  expect(await gateway.stop()).toBe(0);
});

it('a start that fails for another reason keeps the note', { timeout: 120_000 }, async () => {
  const gateway = await filled();
  expect(await gateway.stop()).toBe(0);
  const note = fileOf(gateway, 'clean-stop.json');
  const before = JSON.parse(readFileSync(note, 'utf8')) as { cleanStop: object };
  const config = readFileSync(gateway.configFile, 'utf8');
  const busy = await filled();
  writeFileSync(gateway.configFile, config.replace('port: 0', `port: ${busy.mqttPort}`));
  const failed = await sluice(['start', '-c', gateway.configFile]);
  expect(failed.code).toBe(2);
  expect(JSON.parse(readFileSync(note, 'utf8'))).toMatchObject({ cleanStop: { logEnd: MESSAGES + PARKED } });
  expect(before).toMatchObject({ cleanStop: { logEnd: MESSAGES + PARKED } });
});
