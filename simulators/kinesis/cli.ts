import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { CommanderError } from 'commander';
import { type KinesisCall, kinesisCommand } from './command.js';
import { type LocalKinesis, LocalKinesisError, startLocalKinesis } from './local-kinesis.js';

export interface KinesisCliContext {
  readonly env: NodeJS.ProcessEnv;
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  readonly stop: AbortSignal;
  /** Called for `--exit-with-parent`. */
  readonly exitWithParent: () => void;
}

/**
 * Runs `npm run kinesis` once; `args` come without node and script. Resolves with the exit code when the server has
 * ended.
 */
export async function runKinesisCli(args: readonly string[], context: KinesisCliContext): Promise<0 | 1 | 2> {
  const { stdout, stderr, stop } = context;
  const call = parse(args, context);
  if (typeof call === 'number') return call;
  if (call.exitWithParent) context.exitWithParent();

  let kinesis: LocalKinesis;
  try {
    kinesis = await start(call, stop);
  } catch (thrown) {
    if (stop.aborted) return 0;
    if (!(thrown instanceof LocalKinesisError)) throw thrown;
    stderr(`error: ${thrown.message}\n`);
    return 1;
  }
  stdout(readyText(call, kinesis));
  const stopped = new Promise<undefined>((resolve) => {
    stop.addEventListener('abort', () => resolve(undefined), { once: true });
    if (stop.aborted) resolve(undefined);
  });
  const output = await Promise.race([kinesis.ended, stopped]);
  if (output === undefined) {
    stdout('Stopping …\n');
    await kinesis.stop();
    return 0;
  }
  stderr(`error: kinesis-local ended unexpectedly${output === '' ? '' : `:\n${output}`}\n`);
  return 1;
}

async function start(call: KinesisCall, signal: AbortSignal): Promise<LocalKinesis> {
  const persistDirectory = call.persist === undefined ? undefined : resolve(call.persist);
  if (persistDirectory !== undefined) {
    try {
      await mkdir(persistDirectory, { recursive: true });
    } catch (thrown) {
      throw new LocalKinesisError(`${persistDirectory} cannot be created: ${String(thrown)}`);
    }
  }
  return startLocalKinesis({
    port: call.port,
    stream: { name: call.stream, shards: call.shards },
    region: call.region,
    persistDirectory,
    signal,
  });
}

function parse(args: readonly string[], context: KinesisCliContext): KinesisCall | 0 | 2 {
  const command = kinesisCommand(context.env)
    .exitOverride()
    .configureOutput({ writeOut: context.stdout, writeErr: context.stderr });
  try {
    command.parse(args, { from: 'user' });
    return command.opts<KinesisCall>();
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 2;
    throw thrown;
  }
}

function readyText(call: KinesisCall, kinesis: LocalKinesis): string {
  return [
    `Local Kinesis at ${kinesis.endpoint}, region ${call.region}: stream ${call.stream} with ${call.shards} shards is ACTIVE.`,
    call.persist === undefined
      ? 'Its records are lost when it ends.'
      : `Its records are kept in ${resolve(call.persist)}.`,
    '',
    'In sluice.yaml:',
    '',
    'stream:',
    '  mode: kinesis',
    '  kinesis:',
    `    name: ${call.stream}`,
    `    region: ${call.region}`,
    `    endpoint: ${kinesis.endpoint}`,
    '',
    'Ctrl+C ends it.',
    '',
  ].join('\n');
}
