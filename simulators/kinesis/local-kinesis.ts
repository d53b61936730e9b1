import { type ChildProcess, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { probePort } from './ports.js';
import { LAST_SAVE_MS, PRELOAD_URL } from './preload.js';
import { streamIsActive } from './stream-is-active.js';

export interface LocalKinesisOptions {
  /** Of plain HTTP; 0 for a free one. */
  readonly port: number;
  /** Created with the server; none without a name. */
  readonly stream?: { readonly name: string; readonly shards: number };
  /** Streams of one region are not seen by clients of another. */
  readonly region: string;
  /** Absolute. Absent: nothing is kept. */
  readonly persistDirectory?: string;
  /** Gives up starting. */
  readonly signal?: AbortSignal;
}

export interface LocalKinesis {
  /** Without a trailing slash. */
  readonly endpoint: string;
  readonly port: number;
  readonly pid: number;
  /** Resolves when the process has ended, for whatever reason, with what it printed last. */
  readonly ended: Promise<string>;
  /** Resolves when the process is gone: at once, or once what it holds is saved where it is kept. */
  stop(): Promise<void>;
}

/** A reason for the person who started it. */
export class LocalKinesisError extends Error {
  override readonly name = 'LocalKinesisError';
}

const READY_WITHIN_MS = 30_000;
const OUTPUT_KEPT_CHARS = 4_000;

/** How long it plays being busy with a stream; 500 ms each by default. */
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
 * kinesis-local in a process of its own, on 127.0.0.1 only. Resolves when it answers and the stream is ACTIVE; rejects
 * with LocalKinesisError when it is not installed, the port is taken, or it does not start. It ends with this process.
 */
export async function startLocalKinesis(options: LocalKinesisOptions): Promise<LocalKinesis> {
  const main = kinesisLocalMain();
  const port = await claimPort(options.port);
  const endpoint = `http://127.0.0.1:${port}`;
  const child = spawn(process.execPath, ['--import', PRELOAD_URL, main], {
    env: { ...process.env, ...(await childEnvironment(options, main, port)) },
    stdio: ['pipe', 'pipe', 'pipe'],
    // A terminal's Ctrl+C goes to the whole group: the child would end before its parent says so.
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
      'kinesis-local is not installed. It is a development dependency: npm ci (without --omit=dev) installs it.',
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

async function childEnvironment(
  { stream, region, persistDirectory }: LocalKinesisOptions,
  main: string,
  port: number,
): Promise<NodeJS.ProcessEnv> {
  return {
    // Looked for in the current directory otherwise.
    KINESIS_MOCK_CERT_PATH: join(dirname(main), 'server.json'),
    KINESIS_MOCK_PLAIN_PORT: String(port),
    // Cannot be switched off; nobody uses it.
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
