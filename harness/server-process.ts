import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const READY_WITHIN_MS = 30_000;
const STOP_WITHIN_MS = 10_000;
const OUTPUT_KEPT_CHARS = 8_000;

/** A real server on 127.0.0.1 with directories of its own. */
export interface RunningServer {
  /** Without a trailing slash. */
  readonly url: string;
  readonly port: number;
  /** Of the process that runs now, to pause it with SIGSTOP. */
  readonly pid: number;
  /** What its process has printed last. */
  output(): string;
  /** SIGKILL; its directories stay. Resolves when the process is gone. */
  kill(): Promise<void>;
  /** Starts it again on the same directories and port, after `kill`; resolves when it is ready. */
  restart(): Promise<void>;
  /** SIGTERM, then removes its directories. */
  stop(): Promise<void>;
}

export interface ServerPlan {
  /** Path of the program. */
  readonly program: string;
  readonly url: string;
  readonly port: number;
  /** Removed by `stop`. */
  readonly directory: string;
  readonly args: readonly string[];
  /** Whether the server answers. A rejection counts as no. */
  isReady(): Promise<boolean>;
}

/** Where an executable lies: PATH, and /usr/sbin, which is not in every user's PATH. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  return folders
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

/** An empty directory for a server; `RunningServer.stop` removes it. */
export function serverDirectory(name: string): Promise<string> {
  return mkdtemp(join(tmpdir(), `sluice-${name}-`));
}

/** Starts the program and resolves when it is ready; rejects with its output when it ends before or takes too long. */
export async function runServer(plan: ServerPlan): Promise<RunningServer> {
  let child: ChildProcess | undefined;
  let printed = '';

  // Not every end of this process runs 'exit' listeners (SIGKILL does not): the kernel's parent-death signal
  // covers those where setpriv (util-linux) is installed.
  const setpriv = process.platform === 'linux' ? findProgram('setpriv') : undefined;
  const killNow = () => {
    child?.kill('SIGKILL');
  };
  const cleanUp = () => {
    killNow();
    rmSync(plan.directory, { recursive: true, force: true, maxRetries: 5 });
  };

  const start = async () => {
    const [program, args] =
      setpriv === undefined
        ? [plan.program, plan.args]
        : [setpriv, ['--pdeathsig', 'KILL', '--', plan.program, ...plan.args]];
    const started = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    child = started;
    const keep = (chunk: Buffer) => {
      printed = (printed + chunk.toString()).slice(-OUTPUT_KEPT_CHARS);
    };
    started.stdout.on('data', keep);
    started.stderr.on('data', keep);
    started.on('error', (error) => keep(Buffer.from(error.message)));
    await untilReady(plan, started, () => printed);
  };
  const end = async (signal: 'SIGTERM' | 'SIGKILL') => {
    const ending = child;
    if (ending === undefined || hasEnded(ending)) return;
    const gone = new Promise((resolve) => ending.once('exit', resolve));
    ending.kill(signal);
    const patience = setTimeout(() => ending.kill('SIGKILL'), STOP_WITHIN_MS);
    await gone;
    clearTimeout(patience);
  };

  process.once('exit', cleanUp);
  try {
    await start();
  } catch (thrown) {
    process.off('exit', cleanUp);
    cleanUp();
    throw thrown;
  }
  return {
    url: plan.url,
    port: plan.port,
    get pid() {
      return child?.pid ?? 0;
    },
    output: () => printed,
    kill: () => end('SIGKILL'),
    restart: async () => {
      await end('SIGKILL');
      await start();
    },
    stop: async () => {
      await end('SIGTERM');
      process.off('exit', cleanUp);
      cleanUp();
    },
  };
}

async function untilReady(plan: ServerPlan, child: ChildProcess, output: () => string): Promise<void> {
  const deadlineMs = performance.now() + READY_WITHIN_MS;
  while (performance.now() < deadlineMs) {
    if (hasEnded(child) || child.pid === undefined) {
      throw new Error(`${plan.program} ended before it was ready:\n${output()}`);
    }
    if (await plan.isReady().catch(() => false)) return;
    await sleep(25);
  }
  child.kill('SIGKILL');
  throw new Error(`${plan.program} was not ready within ${READY_WITHIN_MS} ms:\n${output()}`);
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    // Not there or not ours to run: both mean "look further".
    return false;
  }
}
