import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { packageRoot } from '../lib/package-root.js';
import type { DemoOptions } from './options.js';

const STOP_WITHIN_MS = 6_000;

/** The simulated sensors of the demo: a process of their own that speaks MQTT like any device. */
export class DemoFleet {
  readonly #process: ChildProcess;
  #isStopping = false;

  /** `onEnd` is called with the exit code when the fleet ends before `stop`, and not with success. */
  constructor(url: string, options: DemoOptions, onEnd: (exitCode: number | null) => void) {
    // The fleet ends when the pipe to its standard input closes, so it ends with this process, also after SIGKILL.
    this.#process = spawn(process.execPath, fleetArguments(url, options), {
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    this.#process.once('exit', (code) => {
      // After Ctrl+C in a terminal, which reaches the fleet too, `stop` sends the second signal: the code is then 1.
      if (code !== 0 && !this.#isStopping) onEnd(code);
    });
  }

  /** Asks the fleet to disconnect and resolves when it has ended; after a few seconds it is killed. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await stopProcess(this.#process, STOP_WITHIN_MS);
  }

  kill(): void {
    this.#process.kill('SIGKILL');
  }
}

/** Sends SIGTERM and resolves when the process has ended; sends SIGKILL after `withinMs`. */
export async function stopProcess(child: ChildProcess, withinMs: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), withinMs);
  await ended;
  clearTimeout(timer);
}

function fleetArguments(url: string, { devices, rate }: DemoOptions): string[] {
  return [
    join(packageRoot(), 'dist', 'simulators', 'main.js'),
    'all',
    '--url',
    url,
    '--quiet',
    '--exit-with-parent',
    // A day takes ten minutes, so that a person sees the daily cycle.
    '--day',
    '10min',
    // The page then has parked records and duplicates to show.
    '--malformed',
    '0.2%',
    '--duplicated',
    '0.5%',
    ...(devices === undefined ? [] : ['--devices', String(devices)]),
    ...(rate === undefined ? [] : ['--rate', String(rate)]),
  ];
}
