import { type ChildProcess, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LAST_SAVE_MS, PRELOAD_URL } from './preload.js';
import { streamIsActive } from './stream-is-active.js';

export interface LocalKinesisOptions {
  /** Port for plain HTTP; 0 for a free one. */
  readonly port: number;
  /** The stream that is created with the server; without it the server starts without streams. */
  readonly stream?: { readonly name: string; readonly shards: number };
  /** Clients of another region do not see the streams. */
  readonly region: string;
  /** Absolute path of the folder that keeps the records. Without it they are lost with the process. */
  readonly persistDirectory?: string;
  /** Aborting it cancels the start. */
  readonly signal?: AbortSignal;
}

export interface LocalKinesis {
  /** URL without a trailing slash. */
  readonly endpoint: string;
  readonly port: number;
  readonly pid: number;
  /** Resolves with its last output when the process has ended for any reason. */
  readonly ended: Promise<string>;
  /** Ends the process and resolves when it has ended. With a folder for its records it saves them first. */
  stop(): Promise<void>;
}

/** The local Kinesis cannot start. The user reads `message`. */
export class LocalKinesisError extends Error {
  override readonly name = 'LocalKinesisError';
}

const READY_WITHIN_MS = 30_000;
const OUTPUT_KEPT_CHARS = 4_000;

/** How long kinesis-local simulates being busy with a stream. The default is 500 ms each. */
const SHORT_DURATIONS = Object.fromEntries(
  [
    'CREATE_STREAM',
    'DELETE_STREAM',
    'REGISTER_STREAM_CONSUMER',
    'DEREGISTER_STREAM_CONSUMER',
    'MERGE_SHARDS',
    'SPLIT_SHARD',
    'UPDATE_SHARD_COUNT',
  ].map((change) => [`${change}_DURATION`, '20ms']),
);

/**
 * Starts kinesis-local as a process on 127.0.0.1. Resolves when it answers and the stream is ACTIVE; rejects with
 * LocalKinesisError when it is not installed, the port is taken, or it does not start. It ends with this process.
 */
export async function startLocalKinesis(options: LocalKinesisOptions): Promise<LocalKinesis> {
  const main = kinesisLocalMain();
  const port = await claimPort(options.port);
  const endpoint = `http://127.0.0.1:${port}`;
  const child = spawn(process.execPath, ['--import', PRELOAD_URL, main], {
    env: { ...process.env, ...(await childEnvironment(options, main, port)) },
    stdio: ['pipe', 'pipe', 'pipe'],
    // Ctrl+C in a terminal reaches the whole process group, and the child must not end before its parent stops it.
    detached: true,
  });
  let printed = '';
  const keep = (chunk: Buffer) => {
    printed = (printed + chunk.toString()).slice(-OUTPUT_KEPT_CHARS);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const ended = new Promise<string>((resolve) => {
    child.once('exit', () => resolve(printed.trim()));
    child.once('error', (error) => resolve(error.message));
  });
  try {
    await untilReady(child, options, endpoint);
  } catch (thrown) {
    child.kill('SIGKILL');
    const output = await ended;
    if (!(thrown instanceof LocalKinesisError)) throw thrown;
    throw new LocalKinesisError(output === '' ? thrown.message : `${thrown.message}:\n${output}`);
  }
  return {
    endpoint,
    port,
    pid: child.pid ?? 0,
    ended,
    stop: async () => {
      if (options.persistDirectory !== undefined) await Promise.race([sleep(LAST_SAVE_MS), ended]);
      child.kill('SIGKILL');
      await ended;
    },
  };
}

function kinesisLocalMain(): string {
  try {
    return createRequire(import.meta.url).resolve('kinesis-local/main.js');
  } catch {
    throw new LocalKinesisError(
      'kinesis-local is not installed. It is a development dependency of the repository: run npm ci there, without --omit=dev.',
    );
  }
}

async function claimPort(port: number): Promise<number> {
  try {
    return await probePort(port);
  } catch (thrown) {
    const code = (thrown as NodeJS.ErrnoException).code;
    throw new LocalKinesisError(
      code === 'EADDRINUSE'
        ? `Port ${port} on 127.0.0.1 is taken, perhaps by another local Kinesis. --port chooses another.`
        : `Port ${port} on 127.0.0.1 cannot be used (${code ?? String(thrown)}). --port chooses another.`,
    );
  }
}

/** Checks that a port on 127.0.0.1 is free and resolves with it; 0 chooses one. Rejects with EADDRINUSE or EACCES. */
async function probePort(port: number): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once('error', reject);
    probe.listen(port, '127.0.0.1', resolve);
  });
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('the probe has no port');
  return address.port;
}

async function childEnvironment(
  { stream, region, persistDirectory }: LocalKinesisOptions,
  main: string,
  port: number,
): Promise<NodeJS.ProcessEnv> {
  return {
    // Without it kinesis-local looks in the current directory.
    KINESIS_MOCK_CERT_PATH: join(dirname(main), 'server.json'),
    KINESIS_MOCK_PLAIN_PORT: String(port),
    // TLS cannot be switched off; nothing uses it.
    KINESIS_MOCK_TLS_PORT: String(await probePort(0)),
    AWS_REGION: region,
    SHARD_LIMIT: '1000',
    LOG_LEVEL: 'ERROR',
    INITIALIZE_STREAMS: stream === undefined ? undefined : `${stream.name}:${stream.shards}:${region}`,
    SHOULD_PERSIST_DATA: String(persistDirectory !== undefined),
    ...(persistDirectory === undefined ? {} : { PERSIST_PATH: persistDirectory, PERSIST_INTERVAL: '1s' }),
    ...SHORT_DURATIONS,
    NODE_OPTIONS: '',
  };
}

async function untilReady(
  child: ChildProcess,
  options: LocalKinesisOptions,
  endpoint: string,
): Promise<void> {
  const deadlineMs = performance.now() + READY_WITHIN_MS;
  const streamName = options.stream?.name;
  while (performance.now() < deadlineMs) {
    if (options.signal?.aborted) throw new LocalKinesisError('stopped before it was ready');
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) {
      throw new LocalKinesisError('kinesis-local ended before it was ready');
    }
    if (await streamIsActive(endpoint, options.region, streamName)) return;
    await sleep(50);
  }
  throw new LocalKinesisError(`kinesis-local was not ready within ${READY_WITHIN_MS / 1_000} s`);
}
