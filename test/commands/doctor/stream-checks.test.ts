import { expect, onTestFinished, test } from 'vitest';
import { freePort } from '../../../harness/free-port.js';
import { findRunningGateway } from '../../../src/commands/doctor/stream-checks.js';
import { dataDirectory, prepareDataDirectory } from '../../../src/data-directory/data-directory.js';
import { lockDataDirectory } from '../../../src/data-directory/directory-lock.js';
import { startFakeStore } from '../../support/fake-store.js';
import { endlessBody, endlessHeaders, gzipBomb, hostilePeer } from '../../support/hostile-peer.js';
import { tempDirectory } from '../../support/temp-directory.js';

async function lockedDirectory(): Promise<string> {
  const directory = dataDirectory(tempDirectory());
  await prepareDataDirectory(directory);
  const lock = await lockDataDirectory(directory);
  onTestFinished(() => lock.release());
  return directory.root;
}

const http = (port: number) => ({
  host: '127.0.0.1',
  port,
  insecure: false,
  changes: 'loopback' as const,
  maxConnectionsPerAddress: 64,
  maxStreamsPerAddress: 8,
  read: 'open' as const,
});

test('without the lock no gateway is running, even if something listens', async () => {
  const { isRunning, result } = await findRunningGateway({ dataDirectory: tempDirectory(), http: http(1) });
  expect({ isRunning, state: result.state }).toEqual({ isRunning: false, state: 'ok' });
});

test('one that answers 503 has failed, one that does not answer is warned of', async () => {
  const root = await lockedDirectory();
  const sick = await startFakeStore(() => ({ status: 503 }));
  onTestFinished(() => sick.stop());
  const failed = await findRunningGateway({
    dataDirectory: root,
    http: http(Number(new URL(sick.url).port)),
  });
  expect(failed).toMatchObject({ isRunning: true, result: { state: 'fail' } });
  const silent = await findRunningGateway({ dataDirectory: root, http: http(await freePort()) });
  expect(silent).toMatchObject({ isRunning: true, result: { state: 'warn' } });
});

test.each([
  ['an answer without end', endlessBody(200), 'ok'],
  ['an encoded answer', gzipBomb(503), 'fail'],
  ['headers without end', endlessHeaders, 'warn'],
])('%s of whatever listens on its port is bounded', async (_what, hostility, state) => {
  const peer = await hostilePeer(hostility);
  const { result } = await findRunningGateway({
    dataDirectory: await lockedDirectory(),
    http: http(peer.port),
  });
  expect(result.state).toBe(state);
  await expect.poll(() => peer.openConnections()).toBe(0);
  expect(peer.bytesSent()).toBeLessThan(20 * 1024 * 1024);
});

test('one without a known HTTP port is only named', async () => {
  const { isRunning, result } = await findRunningGateway({ dataDirectory: await lockedDirectory() });
  expect(isRunning).toBe(true);
  expect(result).toMatchObject({ state: 'ok', found: expect.stringContaining(`process ${process.pid}`) });
});

test('doctor agrees with a gateway that is alive and not ready: its problems, in its words', async () => {
  const dataDirectory = await lockedDirectory();
  const problems = [{ stage: 'sink', reason: 'InfluxDB does not know the database "d"' }];
  let isReady = false;
  const gateway = await startFakeStore(({ path }) => {
    if (path === '/healthz') return { status: 200, body: '{"status":"ok"}' };
    const backlog = { summary: '7 records wait, the oldest for 9 s' };
    return isReady
      ? { status: 200, body: JSON.stringify({ ready: true, problems: [], backlog }) }
      : { status: 503, body: JSON.stringify({ ready: false, problems, backlog }) };
  });
  onTestFinished(() => gateway.stop());
  const port = Number(new URL(gateway.url).port);
  const sick = await findRunningGateway({ dataDirectory, http: http(port) });
  expect(sick.result).toMatchObject({
    state: 'fail',
    found: expect.stringMatching(/not ready: sink: InfluxDB does not know the database "d"; 7 records wait/),
  });
  isReady = true;
  const well = await findRunningGateway({ dataDirectory, http: http(port) });
  expect(well.result).toMatchObject({
    state: 'ok',
    found: expect.stringContaining('reports it ready; 7 records'),
  });
});
