import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { GatewayProcess, isBalanced } from '../../harness/gateway-process.js';
import { runLoad } from '../../harness/load-client.js';
import { sluice } from '../../harness/programs.js';
import type { ReadinessProblem } from '../../src/http/gateway-view.js';
import { startFakeStore } from '../support/fake-store.js';
import { tempDirectory } from '../support/temp-directory.js';

const KIB = 1_024;

async function gatewayWith(consumer: string): Promise<GatewayProcess> {
  const store = await startFakeStore(() => ({ status: 204 }));
  onTestFinished(() => store.stop());
  const gateway = new GatewayProcess({
    directory: tempDirectory(),
    config: `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: 0 }] }
http: { host: 127.0.0.1, port: 0 }
consumer: ${consumer}
sink: { influx: { url: "${store.url}", database: iot } }
rules:
  - { name: text, topic: "text/#", where: "false", measurement: none, fields: auto }
  - { name: all, topic: "#", measurement: m, fields: auto }
`,
  });
  onTestFinished(() => gateway.end());
  await gateway.start();
  return gateway;
}

function publish(
  gateway: GatewayProcess,
  clientId: string,
  topic: string,
  messages: number,
  payload: (n: number) => Buffer,
) {
  return runLoad({
    host: '127.0.0.1',
    port: gateway.mqttPort,
    connections: 1,
    messages,
    qos: 1,
    window: 50,
    clientId: () => clientId,
    topic: () => topic,
    payload: (_connection, n) => payload(n),
  });
}

async function list(gateway: GatewayProcess, query = '') {
  const answer = await fetch(`${gateway.httpUrl}/api/dead-letters?limit=500${query}`);
  const { deadLetters } = (await answer.json()) as {
    deadLetters: { id: string; clientId: string; payloadKept?: false }[];
  };
  return deadLetters;
}

describe('a device that floods the dead letter', () => {
  it('stops nobody: its payloads are given up, those of an honest device are written or kept whole', {
    timeout: 180_000,
  }, async () => {
    const gateway = await gatewayWith('{ deadLetter: { maxSize: 16MiB } }');
    const nothing = Buffer.alloc(255 * KIB);
    const honest = async (from: number) => {
      await publish(gateway, 'honest', 'd/honest', 100, (n) => Buffer.from(`{"v":${from + n}}`));
      await publish(gateway, 'honest', 'd/honest', 2, () => Buffer.from('{"v":'));
    };
    await Promise.all([honest(0), publish(gateway, 'flooder', 'd/flooder', 677, () => nothing)]);
    await honest(100);
    const ledger = await gateway.ledgerWhen(({ buffered }) => buffered === 0);
    expect(isBalanced(ledger)).toBe(true);
    expect(ledger).toMatchObject({ received: 881, written: 200, parked: 681, lost: 0 });
    // A tenth of 16 MiB has room for four of them.
    expect(ledger.parkedWithoutPayload).toBe(673);
    expect(ledger.reasons.parkedWithoutPayload).toEqual({ 'payload-too-large': 673 });
    expect((await fetch(`${gateway.httpUrl}/readyz`)).status).toBe(200);
    const honestOnes = await list(gateway, '&code=payload-not-json');
    expect(honestOnes.map(({ payloadKept }) => payloadKept)).toEqual(Array(4).fill(undefined));
    const metrics = await (await fetch(`${gateway.httpUrl}/metrics`)).text();
    expect(metrics).toContain('sluice_ledger_parked_without_payload_records 673');
    expect(gateway.output).toContain('DEAD_LETTER_PAYLOADS_NOT_KEPT');

    // Each surface says that the payload is gone, and a replay says that it cannot bring it back.
    const gone = (await list(gateway, '&code=payload-too-large')).find((one) => one.payloadKept === false)!;
    const detail = await (await fetch(`${gateway.httpUrl}/api/dead-letters/${gone.id}`)).json();
    expect(detail).toMatchObject({ clientId: 'flooder', payloadKept: false, payloadBytes: 255 * KIB });
    const command = (...args: string[]) => sluice(['dead-letters', ...args, '-c', gateway.configFile]);
    expect((await command('list')).stdout).toContain('payload not kept');
    expect((await command('show', gone.id)).stdout).toContain(`not kept (it had ${255 * KIB} bytes)`);
    const replay = await command('replay', '--all');
    expect(replay).toMatchObject({ code: 1, stdout: expect.stringContaining('673 stay parked') as string });

    // The ledger and the files agree also after kill -9.
    await gateway.kill();
    await gateway.start();
    const again = await gateway.ledgerWhen(({ buffered }) => buffered === 0);
    expect(again).toEqual(ledger);
    expect(gateway.output).not.toContain('DEAD_LETTER_DAMAGED');

    expect(await command('purge', '--all', '--yes')).toMatchObject({ code: 0 });
    const purged = await gateway.ledger();
    expect(purged).toMatchObject({ parked: 681, parkedWithoutPayload: 0 });
    expect(purged.reasons.parked).toEqual({ purged: 681 });
    expect(await list(gateway)).toEqual([]);
    expect(await gateway.stop()).toBe(0);
  });

  it('text on a topic that a rule ignores on purpose never gets there', { timeout: 120_000 }, async () => {
    const gateway = await gatewayWith('{ deadLetter: { maxSize: 16MiB, whenFull: block } }');
    await publish(gateway, 'logger', 'text/log', 320, () => Buffer.alloc(59 * KIB, 'a line of a log '));
    await publish(gateway, 'honest', 'd/honest', 10, (n) => Buffer.from(`{"v":${n}}`));
    const ledger = await gateway.ledgerWhen(({ buffered }) => buffered === 0);
    expect(ledger).toMatchObject({ received: 330, written: 10, parked: 0, filtered: 320 });
    expect(await gateway.stop()).toBe(0);
  });
});

it('a dead letter that takes long to read delays no PUBACK, and what is received meanwhile is written after it', {
  timeout: 120_000,
}, async () => {
  const gateway = await gatewayWith('{ deadLetter: { maxSize: 16MiB } }');
  expect(await gateway.stop()).toBe(0);
  // Opening a pipe that nobody writes to does not return, like a file on a disk that is very slow.
  const folder = join(gateway.dataDirectory, 'dead-letter', 'before-20260101T000000Z');
  const slow = join(folder, 'parked-00000000.jsonl');
  mkdirSync(folder);
  execFileSync('mkfifo', [slow]);

  await gateway.start();
  await publish(gateway, 'device', 'd/device', 5, (n) => Buffer.from(`{"v":${n}}`));
  const problems = async () =>
    ((await (await fetch(`${gateway.httpUrl}/readyz`)).json()) as { problems: ReadinessProblem[] }).problems;
  await expect
    .poll(problems, { timeout: 10_000 })
    .toEqual([{ stage: 'consumer', reason: 'the parked files are being read and compared with the ledger' }]);
  expect(await gateway.ledger()).toMatchObject({ received: 5, written: 0, buffered: 5 });
  await writeFile(slow, '');
  await gateway.ledgerWhen(({ written }) => written === 5);
  expect(await problems()).toEqual([]);
  expect(await gateway.stop()).toBe(0);
});

it('a dead letter that was cut and flipped while stopped: a line names the file, the ledger says unreadable', {
  timeout: 120_000,
}, async () => {
  const gateway = await gatewayWith('{ deadLetter: { maxSize: 16MiB } }');
  await publish(gateway, 'device', 'd/device', 50, (n) => Buffer.from(`not JSON ${n}`));
  await gateway.ledgerWhen(({ buffered, parked }) => buffered === 0 && parked === 50);
  expect(await gateway.stop()).toBe(0);
  const folder = join(gateway.dataDirectory, 'dead-letter');
  const name = readdirSync(folder).find((one) => one.startsWith('parked-'))!;
  const path = join(folder, name);
  const content = readFileSync(path);
  content[100]! ^= 4;
  writeFileSync(path, content);
  truncateSync(path, Math.floor(content.length / 2));

  await gateway.start();
  const ledger = await gateway.ledgerWhen(({ reasons }) => (reasons.parked.unreadable ?? 0) > 0);
  const listed = await list(gateway);
  expect(ledger.reasons.parked).toEqual({
    'payload-not-json': listed.length,
    unreadable: 50 - listed.length,
  });
  expect(listed.length).toBeGreaterThan(20);
  expect(isBalanced(ledger)).toBe(true);
  expect(gateway.output).toContain('DEAD_LETTER_DAMAGED');
  expect(gateway.output).toContain(name);
  // What comes afterwards is parked as always.
  await publish(gateway, 'device', 'd/device', 5, (n) => Buffer.from(`not JSON ${n}`));
  await gateway.ledgerWhen(({ parked, buffered }) => parked === 55 && buffered === 0);
  expect(await list(gateway)).toHaveLength(listed.length + 5);
  expect(await gateway.stop()).toBe(0);
});
