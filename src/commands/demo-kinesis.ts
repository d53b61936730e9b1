import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { SluiceError } from '../errors.js';
import { packageRoot } from '../package-root.js';

/** A local Kinesis in a process of its own, as `npm run kinesis` starts it. */
export interface DemoKinesis {
  readonly endpoint: string;
  readonly region: string;
  /** Resolves when it is gone; what it holds is saved before. */
  stop(): Promise<void>;
}

export const DEMO_STREAM = 'telemetry';
const REGION = 'us-east-1';
const SHARDS = 2;
const ENDPOINT = /^ {4}endpoint: (\S+)$/m;

/** Kept in `directory` over restarts, as the consumer's place is. Rejects with KINESIS_UNREACHABLE and what it printed. */
export function startDemoKinesis(directory: string): Promise<DemoKinesis> {
  const child = spawn(
    process.execPath,
    [
      join(packageRoot(), 'dist', 'simulators', 'kinesis', 'main.js'),
      ...['--port', '0', '--stream', DEMO_STREAM, '--shards', String(SHARDS), '--region', REGION],
      ...['--persist', directory],
    ],
    // A terminal's Ctrl+C goes to the whole group: it has to outlive the gateway's last batch.
    { stdio: ['ignore', 'pipe', 'pipe'], detached: true },
  );
  let output = '';
  return new Promise((resolve, reject) => {
    const read = (chunk: Buffer) => {
      output += chunk.toString();
      const endpoint = ENDPOINT.exec(output)?.[1];
      if (endpoint !== undefined) resolve({ endpoint, region: REGION, stop: () => ended(child) });
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('exit', () => {
      reject(new SluiceError('KINESIS_UNREACHABLE', `the local Kinesis did not start: ${output.trim()}`));
    });
    process.once('exit', () => child.kill('SIGKILL'));
  });
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  await gone;
}
