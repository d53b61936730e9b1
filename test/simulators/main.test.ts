import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { tinyBroker } from './tiny-broker.js';

const MAIN = join(import.meta.dirname, '..', '..', 'dist', 'simulators', 'main.js');

function start(args: readonly string[]) {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  let stdout = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk;
  });
  child.stderr.resume();
  const ended = new Promise<{ code: number | null; stdout: string }>((resolve) => {
    child.on('close', (code) => resolve({ code, stdout }));
  });
  return { child, ended };
}

it.each(['SIGINT', 'SIGTERM'] as const)(
  '%s: stops publishing, has everything acknowledged, prints the summary, ends with 0',
  async (signal) => {
    const { url, received } = await tinyBroker();
    const { child, ended } = start(['all', '--url', url, '--rate', '500', '--json', '--late', '5%']);
    await expect.poll(() => received.length, { timeout: 20_000 }).toBeGreaterThan(100);
    child.kill(signal);
    const { code, stdout } = await ended;
    const summary = JSON.parse(stdout);
    expect(summary).toMatchObject({ stoppedBy: 'signal', unacknowledged: 0 });
    expect(summary.acknowledged).toBe(received.length);
    expect(code).toBe(0);
  },
);

it('a second signal does not wait for acknowledgements', async () => {
  const { url, received } = await tinyBroker({ withhold: () => true });
  const { child, ended } = start(['climate', '--url', url, '--rate', '500']);
  await expect.poll(() => received.length, { timeout: 20_000 }).toBeGreaterThan(10);
  // Two different signals, because two equal ones that are pending together are delivered as one.
  child.kill('SIGTERM');
  child.kill('SIGINT');
  expect(await ended).toEqual({ code: 1, stdout: '' });
});

it('wrong usage ends with 2', async () => {
  expect(await start(['ocean']).ended).toEqual({ code: 2, stdout: '' });
});
