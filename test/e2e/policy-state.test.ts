import { chmodSync, cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { GatewayProcess, isBalanced } from '../../harness/gateway-process.js';
import { startFakeStore } from '../support/fake-store.js';
import { createTestStream, startKinesalite } from '../support/kinesis-servers.js';
import { publishMessages } from '../support/publish-messages.js';
import { tempDirectory } from '../support/temp-directory.js';
import { canMountTmpfs, fillDisk, freeBytes, mountTmpfs } from '../support/tmpfs.js';

/** A rule that remembers each message, and its budgets. */
const RULES = `
rules:
  - name: doors
    topic: doors/+door/up
    measurement: openings
    time: { path: payload.t, unit: ms }
    tags: { door: topic.door }
    fields: { n: { path: payload.id, type: int } }
    policies: { duplicates: { key: [topic.door, payload.id], within: 2h }, cardinality: { series: 20, clientShare: 100 } }
`;
/** With the budget of the rule nobody can open another one. */
const DOORS = 20;
const FILTERED = 'doors: duplicate';

function gatewayIn(
  directory: string,
  {
    rules = RULES,
    sink = '',
    ...more
  }: { readonly rules?: string; readonly sink?: string; readonly stream?: readonly string[] } = {},
): GatewayProcess {
  const gateway = new GatewayProcess({
    directory,
    config: `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: 0 }] }
http: { host: 127.0.0.1, port: 0 }
consumer: { batch: { linger: 10ms } }
${sink}
${rules}`,
    ...more,
  });
  onTestFinished(() => gateway.end());
  return gateway;
}

/** Publishes the messages `from` to below `to` of each door; the same numbers are the same messages. */
async function publish(gateway: GatewayProcess, from: number, to: number, doors = DOORS): Promise<void> {
  const t = Date.now() - 60_000;
  const numbers = Array.from({ length: to - from }, (_, index) => from + index);
  await publishMessages(
    gateway.mqttPort,
    numbers.flatMap((id) =>
      Array.from({ length: doors }, (_, door) => ({
        client: 'site',
        topic: `doors/d${door}/up`,
        payload: JSON.stringify({ t: t + id, id }),
      })),
    ),
  );
}

/** What the ledger has once everything is processed. */
async function counted(gateway: GatewayProcess, received: number) {
  const ledger = await gateway.ledgerWhen((one) => one.received >= received && one.buffered === 0);
  expect(isBalanced(ledger), JSON.stringify(ledger)).toBe(true);
  expect(ledger).toMatchObject({ received, lost: 0 });
  const { written, reasons } = ledger;
  return { written, duplicates: reasons.filtered[FILTERED] ?? 0, parked: reasons.parked };
}

function stateFileOf(gateway: GatewayProcess): string {
  const folder = join(gateway.dataDirectory, 'checkpoints', 'consumer.state');
  const names = readdirSync(folder);
  expect(names).toHaveLength(1);
  return join(folder, names[0]!);
}

describe('what policies remember', () => {
  it('may be cut, flipped or removed: the gateway says so, works, and its ledger balances', async () => {
    const gateway = gatewayIn(tempDirectory());
    await gateway.start();
    await publish(gateway, 0, 10);
    let received = 10 * DOORS;
    await counted(gateway, received);
    const damages: readonly ((path: string, content: Buffer) => void)[] = [
      (path, content) => writeFileSync(path, content.subarray(0, content.length / 2)),
      (path, content) => {
        content[Math.floor(content.length / 2)]! ^= 1;
        writeFileSync(path, content);
      },
      (path) => rmSync(path),
    ];
    for (const [index, damage] of damages.entries()) {
      expect(await gateway.stop()).toBe(0);
      const path = stateFileOf(gateway);
      damage(path, readFileSync(path));
      await gateway.start();
      expect(gateway.output).toContain('"code":"STATE_LOST"');
      expect(gateway.output).toContain(path);
      const before = await counted(gateway, received);
      const from = 100 + index * 10;
      await publish(gateway, from, from + 5);
      received += 5 * DOORS;
      expect((await counted(gateway, received)).written).toBe(before.written + 5 * DOORS);
      // It remembers again from here on.
      expect(await gateway.stop()).toBe(0);
      await gateway.start();
      expect(gateway.output).not.toContain('STATE_LOST');
      await publish(gateway, from, from + 5);
      received += 5 * DOORS;
      expect(await counted(gateway, received)).toEqual({
        written: before.written + 5 * DOORS,
        duplicates: before.duplicates + 5 * DOORS,
        parked: {},
      });
    }
    await publish(gateway, 0, 1, DOORS + 1);
    received += DOORS + 1;
    expect((await counted(gateway, received)).parked).toEqual({ 'too-many-series': 1 });
    expect(await gateway.stop()).toBe(0);
  });

  it('is found by the copy of a damaged checkpoint', async () => {
    const gateway = gatewayIn(tempDirectory());
    await gateway.start();
    await publish(gateway, 0, 10);
    await counted(gateway, 10 * DOORS);
    expect(await gateway.stop()).toBe(0);
    writeFileSync(join(gateway.dataDirectory, 'checkpoints', 'consumer.checkpoint.json'), '{"crc32":1}');
    await gateway.start();
    expect(gateway.output).toContain('"code":"CHECKPOINT_RESTORED"');
    expect(gateway.output).not.toContain('STATE_LOST');
    await publish(gateway, 0, 10, DOORS + 1);
    expect(await counted(gateway, 20 * DOORS + 10)).toEqual({
      written: 10 * DOORS,
      duplicates: 10 * DOORS,
      parked: { 'too-many-series': 10 },
    });
    expect(await gateway.stop()).toBe(0);
  });

  it('begins with nothing in a data directory of version 0.1, and is kept from then on', async () => {
    const directory = tempDirectory();
    cpSync(join(import.meta.dirname, '..', 'fixtures', 'data-directory-0.1'), join(directory, 'data'), {
      recursive: true,
    });
    chmodSync(join(directory, 'data'), 0o700);
    const gateway = gatewayIn(directory, {
      rules: `${RULES}  - { name: all, topic: "#", measurement: m, fields: auto }\n`,
    });
    await gateway.start();
    expect(gateway.output).not.toContain('STATE_LOST');
    const before = await counted(gateway, 15);
    await publish(gateway, 0, 5);
    await counted(gateway, 15 + 5 * DOORS);
    // With the state saved: after a kill the log would be mapped again.
    expect(await gateway.stop()).toBe(0);
    await gateway.start();
    await publish(gateway, 0, 5);
    expect(await counted(gateway, 15 + 10 * DOORS)).toEqual({
      ...before,
      written: before.written + 5 * DOORS,
      duplicates: 5 * DOORS,
    });
    expect(await gateway.stop()).toBe(0);
  });

  it.skipIf(!canMountTmpfs())('is not lost when the disk gets full', { timeout: 240_000 }, async () => {
    const store = await startFakeStore(() => ({ status: 204 }));
    onTestFinished(() => store.stop());
    const directory = mountTmpfs('40m');
    const gateway = gatewayIn(directory, {
      sink: `sink: { influx: { url: "${store.url}", database: iot } }`,
    });
    await gateway.start();
    await publish(gateway, 0, 50);
    const free = fillDisk(directory);
    await counted(gateway, 50 * DOORS);
    // What was saved meanwhile has used the reserve.
    expect(await gateway.stop()).toBe(0);
    await gateway.start();
    expect(freeBytes(directory)).toBeLessThan(1 << 20);
    expect(gateway.output).not.toContain('STATE_LOST');
    free();
    await publish(gateway, 0, 50);
    expect(await counted(gateway, 100 * DOORS)).toEqual({
      written: 50 * DOORS,
      duplicates: 50 * DOORS,
      parked: {},
    });
    expect(await gateway.stop()).toBe(0);
  });

  it('is kept for each shard of Kinesis with checkpoints in a file', async () => {
    const kinesis = await startKinesalite();
    onTestFinished(() => kinesis.stop());
    await createTestStream(kinesis.endpoint, 'telemetry', 2);
    const gateway = gatewayIn(tempDirectory(), {
      stream: ['mode: kinesis', `kinesis: { endpoint: "${kinesis.endpoint}", linger: 20ms }`],
    });
    await gateway.start();
    await publish(gateway, 0, 10);
    const first = await gateway.ledgerWhen(({ written }) => written === 10 * DOORS);
    expect(isBalanced(first), JSON.stringify(first)).toBe(true);
    expect(await gateway.stop()).toBe(0);
    const checkpoints = join(gateway.dataDirectory, 'checkpoints');
    const folder = readdirSync(checkpoints).find(
      (name) => name.endsWith('.state') && name !== 'consumer.state',
    )!;
    const [file] = readdirSync(join(checkpoints, folder));
    const partitions = readFileSync(join(checkpoints, folder, file!), 'utf8').matchAll(
      /"partition":"([^"]+)"/g,
    );
    expect(new Set([...partitions].map(([, partition]) => partition)).size).toBe(2);

    await gateway.start();
    await publish(gateway, 0, 10);
    const second = await gateway.ledgerWhen(
      ({ received, buffered }) => received >= 20 * DOORS && buffered === 0,
    );
    expect(isBalanced(second), JSON.stringify(second)).toBe(true);
    expect(second).toMatchObject({ written: 10 * DOORS, parked: 0 });
    expect(second.reasons.filtered).toEqual({ [FILTERED]: 10 * DOORS });
    expect(gateway.output).not.toContain('STATE_LOST');
    expect(await gateway.stop()).toBe(0);
  });
});
