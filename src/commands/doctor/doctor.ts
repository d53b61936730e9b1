import { join } from 'node:path';
import { EPOCH_FILE, readEpochs } from '../../bridge/epoch-file.js';
import type { StoredEpochs } from '../../bridge/receive-times.js';
import { type LoadedConfig, openConfig } from '../../config/load-config.js';
import { ConfigError } from '../../config/problem.js';
import { errorText } from '../../lib/errors.js';
import { withSluiceCommands } from '../../lib/package-root.js';
import { printable } from '../../lib/printable.js';
import type { SinkOptions } from '../../sink/create-sink.js';
import type { ConfigOptions } from '../options.js';
import { checkAccessFile } from './access-check.js';
import { checkBudgets } from './budget-check.js';
import { type CheckResult, type CheckState, fail, ok, STORE } from './check-result.js';
import { checkDataFolder, checkDiskSpeed, checkFreeSpace } from './disk-checks.js';
import {
  type ClockSample,
  checkNodeVersion,
  checkOpenFiles,
  checkPorts,
  checkWallClock,
  readClocks,
} from './host-checks.js';
import { checkInfluxReads, STORE_READS } from './influx-reads.js';
import { checkInfluxRetention, RETENTION } from './influx-retention.js';
import { checkDuckdbStore, checkInfluxStore } from './store-checks.js';
import { checkKinesisStream, checkLeaseTable, findRunningGateway } from './stream-checks.js';
import { checkWindowPlaces, WINDOWS } from './window-places.js';

// The local, disk and remote checks follow each other, so all of them take at most 15 s together.
const LOCAL_WITHIN_MS = 3_000;
const DISK_WITHIN_MS = 4_000;
const REMOTE_WITHIN_MS = 8_000;
const DISK_ADVICE = 'nothing can be acknowledged without it: repair the disk or the data directory';
const SIGNS: Readonly<Record<CheckState, string>> = { ok: 'ok  ', warn: 'warn', fail: 'FAIL' };
const NAME_WIDTH = 14;
const MAX_TEXT = 600;

export interface DoctorOptions extends ConfigOptions {
  /** Print one object with all checks instead of lines. */
  readonly json: boolean;
}

/**
 * `sluice doctor`: checks whether a gateway with this configuration can work here, and suggests fixes. It changes
 * nothing and may run beside a running gateway. The exit code is 1 when a check fails and 2 when the configuration is
 * invalid.
 */
export async function doctor({ config, json }: DoctorOptions): Promise<number> {
  const began = readClocks();
  let loaded: LoadedConfig;
  try {
    loaded = await openConfig(config);
  } catch (thrown) {
    if (!(thrown instanceof ConfigError)) throw thrown;
    if (json) process.stdout.write(reportJson([invalidConfig(thrown)]));
    process.stderr.write(`${withSluiceCommands(thrown.terminalText)}\n`);
    return thrown.exitCode;
  }
  const results: CheckResult[] = [];
  for await (const result of examine(loaded, began)) {
    results.push(result);
    if (!json) process.stdout.write(checkText(result));
  }
  process.stdout.write(json ? reportJson(results) : `\n${summaryText(results)}`);
  return results.some(({ state }) => state === 'fail') ? 1 : 0;
}

function invalidConfig(error: ConfigError): CheckResult {
  return fail('configuration', error.message, 'correct each line that is listed');
}

/** Yields the result of every check of a valid configuration, in reading order, each as soon as those before it. */
export async function* examine(
  { config, file, warnings }: Pick<LoadedConfig, 'config' | 'file' | 'warnings'>,
  began: ClockSample,
): AsyncGenerator<CheckResult> {
  const { broker, dataDirectory, stream, consumer, http, sink } = config;
  const need = {
    logMaxBytes: stream.log.maxSizeBytes,
    deadLetterMaxBytes: consumer.deadLetter.maxSizeBytes,
  };
  let isRunning = false;
  const gateway = withTimeout('gateway', LOCAL_WITHIN_MS, async () => {
    const found = await findRunningGateway({ dataDirectory, http });
    isRunning = found.isRunning;
    return found.result;
  });
  const folder = withTimeout('data directory', LOCAL_WITHIN_MS, async () => {
    await gateway;
    // Beside a running gateway another user may look.
    return checkDataFolder(dataDirectory, undefined, {
      looksAtOwners: !isRunning,
      log: stream.log.directory,
    });
  });
  const space = withTimeout('free space', LOCAL_WITHIN_MS, () => checkFreeSpace(dataDirectory, need));

  yield checkNodeVersion(process.versions.node);
  yield await withTimeout('open files', LOCAL_WITHIN_MS, () =>
    checkOpenFiles(broker, undefined, {
      hasHttp: http !== undefined,
      hasKinesis: stream.kinesis !== undefined,
    }),
  );
  yield ok('configuration', `${file ?? 'built-in defaults'} is valid`);
  const ofAccess = checkAccessFile({ config, warnings });
  if (ofAccess !== undefined) yield ofAccess;
  yield await gateway;
  await Promise.all([folder, space]);

  // Nothing else runs meanwhile: the measurement would include what the other checks load and open.
  const disk = await withTimeout('disk', DISK_WITHIN_MS, () => checkDiskSpeed(dataDirectory), DISK_ADVICE);

  let aheadMs: number | undefined;
  const ports = withTimeout('ports', REMOTE_WITHIN_MS, () => checkPorts({ broker, http }, isRunning));
  const store = withTimeout(STORE, REMOTE_WITHIN_MS, async () => {
    const found = await storeFinding(sink, isRunning);
    aheadMs = found.aheadMs;
    return found.result;
  });
  const ofReading = readingResults(config);
  const { kinesis } = stream;
  const ofStream: Promise<CheckResult>[] = [];
  if (kinesis !== undefined) {
    ofStream.push(withTimeout('stream', REMOTE_WITHIN_MS, () => checkKinesisStream(kinesis)));
    const { leases } = kinesis.reader;
    if (leases !== undefined) {
      ofStream.push(withTimeout('leases', REMOTE_WITHIN_MS, () => checkLeaseTable(kinesis, leases)));
    }
  }
  yield await ports;
  yield await folder;
  yield await space;
  yield await withTimeout('budgets', LOCAL_WITHIN_MS, () => checkBudgets(config));
  yield disk;
  const stored = await store;
  yield checkWallClock(began, readClocks(), aheadMs, storedEpochs(dataDirectory));
  yield stored;
  // A store that cannot be reached or written to has one problem, not three.
  if (stored.state !== 'fail') for (const result of ofReading) yield await result;
  for (const result of ofStream) yield await result;
}

function readingResults({ sink, rules, windows }: LoadedConfig['config']) {
  if (sink.kind !== 'influx') return [];
  const { influx } = sink;
  const results = [
    withTimeout(STORE_READS, REMOTE_WITHIN_MS, () => checkInfluxReads(influx)),
    withTimeout(RETENTION, REMOTE_WITHIN_MS, () => checkInfluxRetention(influx, rules)),
  ];
  if (windows === undefined) return results;
  return [...results, withTimeout(WINDOWS, REMOTE_WITHIN_MS, () => checkWindowPlaces(influx, windows))];
}

/** A file that cannot be read says nothing about the clock. */
function storedEpochs(dataDirectory: string): StoredEpochs | undefined {
  try {
    return readEpochs(join(dataDirectory, EPOCH_FILE));
  } catch {
    return undefined;
  }
}

async function storeFinding(sink: SinkOptions, isGatewayRunning: boolean) {
  if (sink.kind === 'influx') return checkInfluxStore(sink.influx);
  return { result: await checkDuckdbStore(sink.duckdb, isGatewayRunning), aheadMs: undefined };
}

/**
 * Returns one line per check, and a second line with its advice if there is any. A text may come from a store or
 * stream.
 */
export function checkText({ name, state, found, advice }: CheckResult): string {
  const line = `${SIGNS[state]}  ${name.padEnd(NAME_WIDTH)}  ${printable(withSluiceCommands(found), MAX_TEXT)}\n`;
  if (advice === undefined) return line;
  return `${line}${' '.repeat(SIGNS.ok.length + NAME_WIDTH + 4)}-> ${printable(withSluiceCommands(advice), MAX_TEXT)}\n`;
}

export function summaryText(results: readonly CheckResult[]): string {
  const failed = count(results, 'fail');
  const warned = count(results, 'warn');
  const checks = `${results.length} checks`;
  if (failed > 0) return `${checks}: ${failed} failed, ${warned} to look at\n`;
  if (warned > 0) return `${checks}: none failed, ${warned} to look at\n`;
  return `${checks}: everything works\n`;
}

/** Returns all results as JSON, for programs. */
export function reportJson(results: readonly CheckResult[]): string {
  return `${JSON.stringify({ ok: count(results, 'fail') === 0, checks: results }, null, 2)}\n`;
}

function count(results: readonly CheckResult[], wanted: CheckState): number {
  return results.filter(({ state }) => state === wanted).length;
}

/**
 * Runs one check within `limitMs` and never rejects: a check without an answer has failed. `advice` is given when the
 * check throws.
 */
export async function withTimeout(
  name: string,
  limitMs: number,
  check: () => CheckResult | Promise<CheckResult>,
  advice = 'the check itself failed: see the text',
): Promise<CheckResult> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<CheckResult>((resolve) => {
    timer = setTimeout(
      () =>
        resolve(fail(name, `no result within ${limitMs / 1_000} s`, 'find out which part does not answer')),
      limitMs,
    );
  });
  const result = (async () => check())().catch((thrown: unknown) => fail(name, errorText(thrown), advice));
  try {
    return await Promise.race([result, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
