import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import {
  checkNodeVersion,
  checkOpenFiles,
  checkPorts,
  checkWallClock,
} from '../../../src/commands/doctor/host-checks.js';
import { RELEASED_AT_MS } from '../../../src/lib/package-root.js';
import { tempDirectory } from '../../support/temp-directory.js';

const NOW_MS = RELEASED_AT_MS + 30 * 86_400_000;

const after = (tookMs: number, steppedMs = 0) =>
  [
    { wallMs: NOW_MS, monotonicMs: 1_000 },
    { wallMs: NOW_MS + tookMs + steppedMs, monotonicMs: 1_000 + tookMs },
  ] as const;

test.each([
  ['of 1970', 0],
  ['before this release', RELEASED_AT_MS - 1],
  ['after 2099', Date.UTC(2100, 0, 1)],
])('a clock %s fails', (_, wallMs) => {
  const reading = { wallMs, monotonicMs: 0 };
  expect(checkWallClock(reading, reading, undefined).state).toBe('fail');
});

test.each([
  ['runs evenly', 5_000, 0, 'ok'],
  ['drifts a little', 5_000, 500, 'ok'],
  ['is set forward', 5_000, 501, 'warn'],
  ['is set back', 5_000, -3_600_000, 'warn'],
] as const)('a clock that %s', (_, tookMs, steppedMs, state) => {
  expect(checkWallClock(...after(tookMs, steppedMs), undefined).state).toBe(state);
});

test.each([
  [60_000, 'ok'],
  [61_000, 'warn'],
  [400 * 86_400_000, 'warn'],
])('with records that were received %d ms ahead of it', (aheadMs, state) => {
  const reading = { wallMs: NOW_MS, monotonicMs: 0 };
  const firstNs = BigInt(NOW_MS + aheadMs) * 1_000_000n;
  expect(checkWallClock(reading, reading, undefined, { current: { firstNs, lane: -1 } }).state).toBe(state);
});

test.each([
  [60_000, 'ok', '60 s ahead'],
  [-60_000, 'ok', '60 s behind'],
  [61_000, 'warn', '61 s ahead'],
  [-90_000, 'warn', '90 s behind'],
] as const)('against a store that is %d ms ahead', (aheadMs, state, found) => {
  const result = checkWallClock(...after(100), aheadMs);
  expect(result).toMatchObject({ state, found: expect.stringContaining(found) });
});

test.each([
  ['20.19.0', 'ok'],
  ['22.1.0', 'ok'],
  ['20.18.3', 'warn'],
  ['18.20.4', 'warn'],
] as const)('Node %s', (version, state) => {
  expect(checkNodeVersion(version)).toMatchObject({ state, found: expect.stringContaining(version) });
});

const LISTENER = { protocol: 'mqtt', host: '127.0.0.1', port: 1883 } as const;
const TWO = { maxConnections: 1_000, listeners: [LISTENER, LISTENER] };

const broker = (port: number, host = '127.0.0.1') =>
  ({ listeners: [{ protocol: 'mqtt', host, port }] }) as unknown as Parameters<
    typeof checkPorts
  >[0]['broker'];

function limits(soft: string): string {
  const file = join(tempDirectory(), 'limits');
  writeFileSync(
    file,
    `Limit                     Soft Limit           Hard Limit           Units\nMax processes             7                    7                    processes\nMax open files            ${soft.padEnd(20)} 1048576              files\n`,
  );
  return file;
}

test.each([
  ['2256', 'ok'],
  ['2255', 'warn'],
  ['unlimited', 'ok'],
] as const)('a limit of %s for two listeners of 1,000 connections', async (soft, state) => {
  expect((await checkOpenFiles(TWO, limits(soft))).state).toBe(state);
});

test('without a limits file nothing is claimed', async () => {
  const result = await checkOpenFiles(TWO, join(tempDirectory(), 'none'));
  expect(result).toMatchObject({ state: 'ok', found: expect.stringContaining('not checked') });
});

async function busyPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

test('a port in use fails, unless the gateway runs here', async () => {
  const port = await busyPort();
  expect(await checkPorts({ broker: broker(port) }, false)).toMatchObject({
    state: 'fail',
    found: `mqtt 127.0.0.1:${port} is not a free port`,
    advice: expect.stringContaining('another program listens there'),
  });
  expect((await checkPorts({ broker: broker(port) }, true)).state).toBe('ok');
});

test('an address of another machine fails, also beside a running gateway', async () => {
  expect(await checkPorts({ broker: broker(0, '192.0.2.1') }, true)).toMatchObject({
    state: 'fail',
    found: expect.stringContaining('is not an address of this machine'),
  });
});

test('a kernel that lets fewer connections wait than the listeners ask for is named', async () => {
  const found = async (limit: number) => (await checkPorts({ broker: broker(0) }, false, limit)).found;
  expect(await found(128)).toContain('lets 128 new connections wait, the listeners ask for 4096');
  expect(await found(4096)).not.toContain('wait');
});
