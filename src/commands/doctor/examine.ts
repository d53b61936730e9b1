import type { LoadedConfig } from '../../config/load-config.js';
import type { SinkConfig } from '../../config/sluice-config.js';
import { bounded } from './bounded.js';
import { type CheckResult, ok } from './check-result.js';
import { checkDataFolder } from './data-folder.js';
import { checkDiskSpeed } from './disk-speed.js';
import { checkDuckdbStore } from './duckdb-store.js';
import { checkFreeSpace } from './free-space.js';
import { checkInfluxStore } from './influx-store.js';
import { checkKinesisStream } from './kinesis-stream.js';
import { checkLeaseTable } from './lease-rows.js';
import { checkNodeVersion } from './node-version.js';
import { checkOpenFiles } from './open-files.js';
import { checkPorts } from './ports.js';
import { findRunningGateway } from './running-gateway.js';
import { STORE } from './store-finding.js';
import { type ClockReading, checkWallClock, readClocks } from './wall-clock.js';

/** Three steps follow each other, so that the whole takes at most their sum of 15 s. */
const LOCAL_WITHIN_MS = 3_000;
const DISK_WITHIN_MS = 4_000;
const REMOTE_WITHIN_MS = 8_000;

const DISK_ADVICE = 'nothing can be acknowledged without it: mend the disk or the data directory';

/** Every check of a valid configuration, in the order to be read; each is given as soon as those before it are. */
export async function* examine(
  { config, file }: LoadedConfig,
  began: ClockReading,
): AsyncGenerator<CheckResult> {
  const { broker, dataDirectory, stream, consumer, http, sink } = config;
  const need = {
    logMaxBytes: stream.log.maxSizeBytes,
    deadLetterMaxBytes: consumer.deadLetter.maxSizeBytes,
  };
  let isRunning = false;
  const gateway = bounded('gateway', LOCAL_WITHIN_MS, async () => {
    const found = await findRunningGateway({ dataDirectory, ...(http === undefined ? {} : { http }) });
    isRunning = found.isRunning;
    return found.result;
  });
  const folder = bounded('data directory', LOCAL_WITHIN_MS, () => checkDataFolder(dataDirectory));
  const space = bounded('free space', LOCAL_WITHIN_MS, () => checkFreeSpace(dataDirectory, need));

  yield checkNodeVersion(process.versions.node);
  yield await bounded('open files', LOCAL_WITHIN_MS, () => checkOpenFiles(broker));
  yield ok('configuration', `${file ?? 'built-in defaults'} is valid`);
  yield await gateway;
  await Promise.all([folder, space]);

  // Alone: what the other checks load and open would be measured with it.
  const disk = await bounded('disk', DISK_WITHIN_MS, () => checkDiskSpeed(dataDirectory), DISK_ADVICE);

  let aheadMs: number | undefined;
  const ports = bounded('ports', REMOTE_WITHIN_MS, () =>
    checkPorts({ broker, ...(http === undefined ? {} : { http }) }, isRunning),
  );
  const store = bounded(STORE, REMOTE_WITHIN_MS, async () => {
    const found = await storeFinding(sink, isRunning);
    aheadMs = found.aheadMs;
    return found.result;
  });
  const { kinesis } = stream;
  const ofStream: Promise<CheckResult>[] = [];
  if (kinesis !== undefined) {
    ofStream.push(bounded('stream', REMOTE_WITHIN_MS, () => checkKinesisStream(kinesis)));
    const { leases } = kinesis.reader;
    if (leases !== undefined) {
      ofStream.push(bounded('leases', REMOTE_WITHIN_MS, () => checkLeaseTable(kinesis, leases)));
    }
  }
  yield await ports;
  yield await folder;
  yield await space;
  yield disk;
  const stored = await store;
  yield checkWallClock(began, readClocks(), aheadMs);
  yield stored;
  for (const result of ofStream) yield await result;
}

async function storeFinding(sink: SinkConfig, isGatewayRunning: boolean) {
  if (sink.kind === 'influx') return checkInfluxStore(sink.influx);
  return { result: await checkDuckdbStore(sink.duckdb, isGatewayRunning), aheadMs: undefined };
}
