import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { SluiceError } from '../lib/errors.js';
import { packageRoot } from '../lib/package-root.js';
import { stopProcess } from './demo-fleet.js';

export const DEMO_STREAM = 'telemetry';
const REGION = 'us-east-1';
const SHARDS = 2;
const STOP_WITHIN_MS = 10_000;
const ENDPOINT = /^ {4}endpoint: (\S+)$/m;

/** A local Kinesis in a process of its own, as `npm run kinesis` starts it. */
export interface DemoKinesis {
  readonly endpoint: string;
  readonly region: string;
  /** Resolves when the process has ended; it saves its records before. */
  stop(): Promise<void>;
}

/**
 * Starts a local Kinesis that keeps its records in `directory` over restarts, as the consumer keeps its checkpoints.
 * Rejects with KINESIS_UNREACHABLE and the output of the process. When `stop` aborts before it is there, it is ended, and
 * the promise resolves with undefined.
 */
export function startDemoKinesis(directory: string, stop: AbortSignal): Promise<DemoKinesis | undefined> {
  const child = spawn(
    process.execPath,
    [
      join(packageRoot(), 'dist', 'simulators', 'kinesis', 'main.js'),
      ...['--port', '0', '--stream', DEMO_STREAM, '--shards', String(SHARDS), '--region', REGION],
      ...['--persist', directory, '--exit-with-parent'],
    ],
    // Ctrl+C in a terminal reaches the whole process group, but this process must outlive the gateway's last batch.
    // It ends when the pipe to its standard input closes, so it ends with this process, also after SIGKILL.
    { stdio: ['pipe', 'pipe', 'pipe'], detached: true },
  );
  let output = '';
  return new Promise((resolve, reject) => {
    const end = () => void stopProcess(child, STOP_WITHIN_MS).then(() => resolve(undefined));
    if (stop.aborted) end();
    else stop.addEventListener('abort', end, { once: true });
    const read = (chunk: Buffer) => {
      output += chunk.toString();
      const endpoint = ENDPOINT.exec(output)?.[1];
      if (endpoint === undefined) return;
      stop.removeEventListener('abort', end);
      resolve({ endpoint, region: REGION, stop: () => stopProcess(child, STOP_WITHIN_MS) });
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('exit', () => {
      if (stop.aborted) return;
      reject(new SluiceError('KINESIS_UNREACHABLE', `the local Kinesis did not start: ${output.trim()}`));
    });
  });
}
