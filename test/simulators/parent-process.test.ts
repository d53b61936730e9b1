import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { isRunning } from '../support/processes.js';
import { tinyBroker } from './tiny-broker.js';

const MAIN = join(import.meta.dirname, '..', '..', 'dist', 'simulators', 'main.js');

/** A parent that starts the simulator as the demo does, prints its process id and waits. */
const PARENT = `
  const { spawn } = require('node:child_process');
  const child = spawn(process.execPath, process.argv.slice(1), { stdio: ['pipe', 'ignore', 'inherit'] });
  console.log(child.pid);
`;

async function startParent(...args: readonly string[]) {
  const parent = spawn(process.execPath, ['-e', PARENT, MAIN, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const fleetPid = await new Promise<number>((resolve) => {
    parent.stdout.once('data', (text: Buffer) => resolve(Number(text.toString())));
  });
  onTestFinished(() => {
    parent.kill('SIGKILL');
    if (isRunning(fleetPid)) process.kill(fleetPid, 'SIGKILL');
  });
  return { parent, fleetPid };
}

it.each(['SIGKILL', 'SIGTERM'] as const)(
  'with --exit-with-parent the fleet ends when its parent ends with %s',
  async (signal) => {
    const { url, received } = await tinyBroker();
    const { parent, fleetPid } = await startParent('climate', '--url', url, '--quiet', '--exit-with-parent');
    await expect.poll(() => received.length, { timeout: 20_000 }).toBeGreaterThan(0);
    expect(isRunning(fleetPid)).toBe(true);
    parent.kill(signal);
    await expect.poll(() => isRunning(fleetPid), { timeout: 20_000 }).toBe(false);
  },
);

it('with --exit-with-parent a run that has published everything ends, while its parent lives on', async () => {
  const { url } = await tinyBroker();
  const { parent, fleetPid } = await startParent(
    ...['climate', '--url', url, '--quiet', '--exit-with-parent', '--count', '20'],
  );
  const ended = new Promise((resolve) => parent.once('exit', resolve));
  // The parent ends when its child has ended, because nothing else keeps it alive.
  expect(await ended).toBe(0);
  expect(isRunning(fleetPid)).toBe(false);
});
