import { describe, expect, it, onTestFinished } from 'vitest';
import { freePort } from '../../harness/free-port.js';
import { GatewayProcess, isBalanced } from '../../harness/gateway-process.js';
import { findProgram } from '../../harness/server-process.js';
import { FLEET_RULE, runFleet } from '../support/fleet-load.js';
import { tempDirectory } from '../support/temp-directory.js';

const strace = findProgram('strace');
if (strace === undefined) {
  const sentence = 'strace is not installed: the tests that need it cannot run';
  if (process.env.CI === 'true') throw new Error(sentence);
  console.warn(`SKIPPED: ${sentence}`);
}

describe.skipIf(strace === undefined)('a failed write or sync of the log', () => {
  it.each([
    ['fdatasync', 'EIO', 40],
    ['pwrite64', 'EIO', 40],
  ])(
    '(%s: %s) stops the process; nothing is acknowledged that is not there afterwards',
    { timeout: 120_000 },
    async (call, error, from) => {
      const { faulty, load, stop, acknowledged, startHealthy } = await setUp(call, error, from);
      expect(await faulty.exited()).toBe(1);
      // Whichever file meets the fault first.
      expect(faulty.output).toMatch(/LOG_FAILED|CHECKPOINT_FAILED|DEAD_LETTER_FAILED/);
      const acknowledgedAtFault = acknowledged();
      stop.abort();
      await load;
      await expectNothingMissing(await startHealthy(), acknowledgedAtFault);
    },
  );

  it.each([
    ['fdatasync', 'ENOSPC', 40],
    ['fdatasync', 'EDQUOT', 40],
    ['pwrite64', 'ENOSPC', 40],
  ])(
    '(%s: %s) for lack of room stops no process; nothing is acknowledged that is not there afterwards',
    { timeout: 120_000 },
    async (call, error, from) => {
      const { faulty, load, stop, acknowledged, startHealthy } = await setUp(call, error, from);
      while (!(await (await fetch(`${faulty.httpUrl}/readyz`)).text()).includes('the disk is full'));
      const acknowledgedAtFault = acknowledged();
      await faulty.kill();
      stop.abort();
      await load;
      expect(acknowledged()).toBe(acknowledgedAtFault);
      await expectNothingMissing(await startHealthy(), acknowledgedAtFault);
    },
  );
});

/** Starts a gateway whose files refuse `call` from the `from`-th on, and a load on it. */
async function setUp(call: string, error: string, from: number) {
  const port = await freePort();
  const directory = tempDirectory();
  const config = `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: ${port} }] }
http: { host: 127.0.0.1, port: 0 }
${FLEET_RULE}`;
  // strace counts per thread; with one thread for files the count is exact. Only calls on the log's files fail.
  const faulty = new GatewayProcess({
    directory,
    config,
    wrapper: [
      ...[strace!, '-f', '-qq', '-o', '/dev/null', '--seccomp-bpf', '-e', `trace=${call}`],
      ...['-e', `inject=${call}:error=${error}:when=${from}+`],
    ],
    env: { UV_THREADPOOL_SIZE: '1' },
  });
  onTestFinished(() => faulty.end());
  await faulty.start();
  let acknowledged = 0;
  const stop = new AbortController();
  const load = runFleet({
    port,
    messages: 200_000,
    baseMs: Date.now() - 3_600_000,
    signal: stop.signal,
    onAcknowledged: () => {
      acknowledged += 1;
    },
  });
  const startHealthy = async () => {
    const healthy = new GatewayProcess({ directory, config });
    onTestFinished(() => healthy.end());
    await healthy.start();
    return healthy;
  };
  return { faulty, load, stop, acknowledged: () => acknowledged, startHealthy };
}

async function expectNothingMissing(healthy: GatewayProcess, acknowledged: number): Promise<void> {
  const ledger = await healthy.ledgerWhen(({ buffered }) => buffered === 0);
  expect(isBalanced(ledger)).toBe(true);
  expect(ledger.received).toBeGreaterThanOrEqual(acknowledged);
  expect(await healthy.stop()).toBe(0);
}
