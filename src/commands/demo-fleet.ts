import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { packageRoot } from '../lib/package-root.js';
import type { DemoOptions } from './options.js';

const STOP_WITHIN_MS = 6_000;
const DEFAULT_DEVICES = 20;
const DEFAULT_RATE = 32;

const HISTORY_MINUTES = 24 * 60;
/** The history is on the page within seconds only as long as it has few readings; the local Kinesis is slower. */
const MOST_HISTORY_READINGS = { direct: 40_000, kinesis: 4_000 } as const;
const HISTORY_EVERY_MINUTES = [1, 2, 5, 10, 15, 30, 60, 120, 240, 480, 720] as const;

/** The simulated sensors of the demo: a process of their own that speaks MQTT like any device. */
export class DemoFleet {
  readonly #process: ChildProcess;
  #isStopping = false;

  /**
   * `storyMs` is when the faults of the story are seen. `onEnd` is called with the exit code when the fleet ends before
   * `stop`, and not with success.
   */
  constructor(url: string, options: DemoOptions, storyMs: number, onEnd: (exitCode: number | null) => void) {
    // The fleet ends when the pipe to its standard input closes, so it ends with this process, also after SIGKILL.
    this.#process = spawn(process.execPath, fleetArguments(url, options, storyMs), {
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

/** Returns how far the readings of a device in the history are apart; undefined for more devices than a history may have. */
export function historyEveryMinutes(devices: number, stream: DemoOptions['stream']): number | undefined {
  const most = MOST_HISTORY_READINGS[stream];
  return HISTORY_EVERY_MINUTES.find((minutes) => (devices * HISTORY_MINUTES) / minutes <= most);
}

function fleetArguments(url: string, options: DemoOptions, storyMs: number): string[] {
  const { devices = DEFAULT_DEVICES, rate } = options;
  const everyMinutes = options.history ? historyEveryMinutes(devices, options.stream) : undefined;
  return [
    join(packageRoot(), 'dist', 'simulators', 'main.js'),
    ...['demo', '--url', url, '--exit-with-parent', '--progress', 'history'],
    ...['--story-at', new Date(storyMs).toISOString()],
    ...(everyMinutes === undefined ? [] : ['--history', '24h', '--history-every', `${everyMinutes}min`]),
    // The page then has duplicates to show.
    ...['--duplicated', '0.5%'],
    ...['--devices', String(devices)],
    ...['--rate', String(rate ?? (options.devices === undefined ? DEFAULT_RATE : devices))],
  ];
}
