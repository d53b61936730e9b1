import { mkdtemp, rmdir, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { isConflict } from '../config/cross-checks.js';
import type { LoadedConfig } from '../config/load-config.js';
import { type ConfigProblem, formatKey, type KeyPath } from '../config/problem.js';
import type { KinesisConfig } from '../config/sluice-config.js';
import type { GatewayDescription } from '../control/command-protocol.js';
import { type DataDirectory, dataDirectory as dataDirectoryOf } from '../data-directory/data-directory.js';
import { isDataDirectoryLocked } from '../data-directory/directory-lock.js';
import { inspectDataDirectory } from '../data-directory/inspect-directory.js';
import { isNoRoom } from '../lib/disk-room.js';
import { errorText, SluiceError, systemErrorCode } from '../lib/errors.js';
import { checkFit, describeUsable } from '../pipeline/kinesis-check.js';
import { connectKinesis } from '../stream/kinesis/aws/connect-kinesis.js';
import { decoderProblem } from './decoder-problem.js';
import { windowProblems } from './window-problems.js';

const FREE_PORT = 'a free port';

const LISTEN_PROBLEMS: Readonly<Record<string, Omit<Problem, 'got'>>> = {
  EADDRINUSE: {
    expected: FREE_PORT,
    hint: 'another program listens there: stop it or use another port',
  },
  EACCES: { expected: 'a port this user may listen on', hint: 'use one above 1023' },
  EADDRNOTAVAIL: { expected: 'an address of this machine' },
  ENOTFOUND: { expected: 'an address of this machine', hint: 'the name is not known' },
};

/** The gateway starts without one, because other stores with the API of InfluxDB 2 need none. */
const MISSING_TOKEN: Problem = {
  got: 'no token and no tokenFile',
  expected: 'a token: InfluxDB 2 refuses every request without one',
  hint: 'a store that knows no tokens, such as VictoriaMetrics, ignores it: write any',
};

interface Problem {
  readonly got: string;
  readonly expected: string;
  readonly hint?: string;
}

/**
 * Returns what would keep a valid configuration from starting here and now, or in place of the gateway that runs on its
 * data directory. It changes nothing and leaves no files.
 */
export async function environmentProblems(
  loaded: LoadedConfig,
  running: GatewayDescription | undefined,
): Promise<ConfigProblem[]> {
  const { broker, http, dataDirectory, sink, stream, windows } = loaded.config;
  const problems: ConfigProblem[] = [];
  const portProblem = async (address: { readonly host: string; readonly port: number }) => {
    const problem = await listenProblem(address.host, address.port);
    const isOwn = running?.listeners.some((one) => isConflict(one, address)) === true;
    return problem?.expected === FREE_PORT && isOwn ? undefined : problem;
  };
  const add = (path: KeyPath, problem: Problem | undefined) => {
    if (problem !== undefined)
      problems.push({ ...loaded.locationOf(path), key: formatKey(path), ...problem });
  };
  for (const [index, listener] of broker.listeners.entries()) {
    add(['broker', 'listeners', index], await portProblem(listener));
  }
  if (http !== undefined) add(['http'], await portProblem(http));
  for (const [path, file] of decoderFiles(loaded.config)) {
    const got = decoderProblem(file);
    add(path, got === undefined ? undefined : { got, expected: 'a decoder that can be loaded' });
  }
  // A running gateway has looked at the files itself, and changes them now.
  const directory = { ...dataDirectoryOf(dataDirectory), log: stream.log.directory };
  for (const problem of running === undefined ? await dataProblems(directory) : []) {
    add(['stream', 'log', 'directory'], problem);
  }
  // Files that this user cannot read are problems of the directory.
  const ofWindows = windows && (await windowProblems(windows, directory.windows).catch(() => []));
  for (const { index, ...problem } of ofWindows ?? []) add(['windows', 'aggregates', index], problem);
  if (sink.kind === 'duckdb' && dirname(sink.duckdb.path) !== dataDirectory) {
    add(['sink', 'duckdb', 'path'], await folderProblem(dirname(sink.duckdb.path)));
  }
  const isTokenKnown = loaded.missingSecrets.length === 0;
  if (
    sink.kind === 'influx' &&
    sink.influx.version === 2 &&
    sink.influx.token === undefined &&
    isTokenKnown
  ) {
    add(['sink', 'influx', 'token'], MISSING_TOKEN);
  }
  if (stream.kinesis !== undefined) {
    add(['stream', 'kinesis', 'name'], await streamProblem(stream.kinesis));
  }
  return problems;
}

/** A stream that cannot be reached is no problem: the gateway would start, buffer and wait for it. */
async function streamProblem(kinesis: KinesisConfig): Promise<Problem | undefined> {
  const { name, producer } = kinesis;
  const api = await connectKinesis(kinesis);
  try {
    checkFit({ name, ...producer }, await describeUsable(api, name));
    return undefined;
  } catch (thrown) {
    if (!(thrown instanceof SluiceError)) throw thrown;
    if (thrown.retryable) return undefined;
    return { got: name, expected: 'a stream that can be used', hint: thrown.message };
  } finally {
    api.close();
  }
}

export function listenProblem(host: string, port: number): Promise<Problem | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (thrown) => {
      const known = LISTEN_PROBLEMS[systemErrorCode(thrown) ?? ''];
      resolve({
        got: `${host}:${port}`,
        ...(known ?? { expected: 'an address and port to listen on', hint: errorText(thrown) }),
      });
    });
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

/**
 * Creates and removes an empty folder where the first missing one would be: nothing else shows for sure that it works.
 */
export async function folderProblem(folder: string): Promise<Problem | undefined> {
  const found = { got: folder, expected: 'a folder this user can create and write' };
  try {
    const existing = await nearestExisting(folder);
    await rmdir(await mkdtemp(join(existing, '.sluice-check-')));
    return undefined;
  } catch (thrown) {
    // A gateway starts on a full disk, to make room: `checkFreeSpace` reports it.
    if (isNoRoom(thrown)) return undefined;
    const hint = systemErrorCode(thrown) === 'ENOTDIR' ? 'a file is in its place' : errorText(thrown);
    return { ...found, hint };
  }
}

export async function nearestExisting(folder: string): Promise<string> {
  try {
    await stat(folder);
    return folder;
  } catch (thrown) {
    if (systemErrorCode(thrown) !== 'ENOENT' || dirname(folder) === folder) throw thrown;
    return nearestExisting(dirname(folder));
  }
}

/** Where decoders are named, and their files. */
function decoderFiles({ rules, mapping }: LoadedConfig['config']): (readonly [KeyPath, string])[] {
  const ofRules = rules.map(({ format }, index) => [['rules', index, 'format', 'file'], format] as const);
  const ofTopics = mapping.formats.map(
    ({ format }, index) => [['consumer', 'formats', index, 'format', 'file'], format] as const,
  );
  return [...ofRules, ...ofTopics].flatMap(([path, format]) =>
    format?.file === undefined ? [] : [[path, format.file] as const],
  );
}

async function dataProblems(directory: DataDirectory): Promise<readonly Problem[]> {
  const { root } = directory;
  const ofFiles = (await inspectDataDirectory(directory)).problems;
  if (ofFiles.length === 0) {
    const problem = (await folderProblem(root)) ?? (await lockProblem(root));
    return problem === undefined ? [] : [problem];
  }
  // What a running gateway is changing may look wrong. A folder that cannot be read cannot be asked for its lock.
  const ofLock = await lockProblem(root).catch(() => undefined);
  if (ofLock !== undefined) return [ofLock];
  return ofFiles.map(({ file, found, expected, next }) => ({
    got: `${file}: ${found}`,
    expected,
    hint: next,
  }));
}

async function lockProblem(dataDirectory: string): Promise<Problem | undefined> {
  if (!(await isDataDirectoryLocked(dataDirectory))) return undefined;
  return {
    got: `${dataDirectory}, which is in use by another Sluice`,
    expected: 'a data directory of its own',
    hint: 'stop the other one, or name another directory',
  };
}
