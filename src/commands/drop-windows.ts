import { stat } from 'node:fs/promises';
import { loadConfig } from '../config/load-config.js';
import type { KinesisConfig, SluiceConfig } from '../config/sluice-config.js';
import { type DataDirectory, dataDirectory } from '../data-directory/data-directory.js';
import { openDataDirectory } from '../data-directory/open-directory.js';
import { SystemClock } from '../lib/clock.js';
import { SluiceError } from '../lib/errors.js';
import { ifThere } from '../lib/if-there.js';
import { VERSION } from '../lib/package-root.js';
import { quoted } from '../lib/printable.js';
import { pause } from '../lib/timers.js';
import type { Warn } from '../lib/warnings.js';
import { windowsRows, windowsTableOf } from '../pipeline/kinesis-shared-windows.js';
import { createSink } from '../sink/create-sink.js';
import { keepFrom1970 } from '../sink/duckdb/row-retention.js';
import { removalAdvice } from '../sink/influx/change-field-advice.js';
import { dropAggregate, savedLayouts } from '../windows/drop-aggregate.js';
import type { AggregateLayout } from '../windows/layout.js';
import { SharedTable } from '../windows/shared/shared-table.js';
import { failAsOtherUser } from './fail-as-other-user.js';
import { findGateway } from './find-gateway.js';

/** A consumer that computes windows writes its row at least once a second. */
const COMPUTES_WITHIN_MS = 3_000;

export interface DropWindowsOptions {
  readonly config?: string;
  readonly aggregate: string;
  /** Without it nothing is done, and it is only shown what would be. */
  readonly yes: boolean;
}

/**
 * `sluice windows rebuild --drop` deletes the rows of an aggregate and forgets what it was, so that its name can stand for
 * something else. Resolves with the exit code: 2 when it is not confirmed. Rejects while a gateway runs.
 */
export async function dropWindows({ config: file, aggregate, yes }: DropWindowsOptions): Promise<number> {
  const config = await loadConfig(file, { secrets: 'optional' });
  const directory = dataDirectory(config.dataDirectory);
  const gateway = await findGateway(directory.root);
  if (gateway !== undefined) {
    gateway.destroy();
    throw new SluiceError('CONTROL_FAILED', 'the gateway writes these rows now: stop it first');
  }
  await failAsOtherUser(directory.root);
  const { lock } = await openDataDirectory(directory, VERSION);
  let opened: WindowsState | undefined;
  try {
    const state = stateOf(config, directory);
    opened = state;
    const layout = layoutIn(await state.layouts(aggregate), aggregate, state.name);
    if (!yes) {
      const rows = Object.keys(layout.resolutions).map(quoted).join(' and ');
      process.stdout.write(
        `This deletes all rows of ${rows}, and what is known of these windows.\nNothing has been done. Add --yes to delete them.\n`,
      );
      return 2;
    }
    // The rows go first: if it is interrupted, the same command can be run again.
    await deleteRows(config, layout);
    await state.drop(layout);
  } finally {
    opened?.close();
    await lock.release();
  }
  process.stdout.write(
    `The windows ${quoted(aggregate)} are forgotten. For rows of the past start the gateway, and run sluice windows rebuild with --from.\n`,
  );
  return 0;
}

/** Where it is known what aggregates were: the data directory, or the table that consumers share. */
interface WindowsState {
  readonly name: string;
  layouts(aggregate: string): Promise<Readonly<Record<string, AggregateLayout>>>;
  drop(layout: AggregateLayout): Promise<void>;
  close(): void;
}

function stateOf({ stream }: SluiceConfig, { windows }: DataDirectory): WindowsState {
  const leases = stream.kinesis?.reader.leases;
  if (stream.kinesis !== undefined && leases !== undefined) return sharedState(stream.kinesis, leases);
  return {
    name: windows,
    layouts: () => savedLayouts(windows),
    drop: (layout) => dropAggregate(windows, layout),
    close: () => undefined,
  };
}

function sharedState(
  kinesis: KinesisConfig,
  leases: NonNullable<KinesisConfig['reader']['leases']>,
): WindowsState {
  const table = new SharedTable(windowsRows(kinesis, leases));
  return {
    name: `the DynamoDB table ${windowsTableOf(leases.table)}`,
    layouts: async (aggregate) => {
      await failWhileComputed(table);
      const layout = await table.layout(aggregate);
      return layout === undefined ? {} : { [aggregate]: layout };
    },
    drop: (layout) => table.drop(layout),
    close: () => table.close(),
  };
}

/** Rejects while a consumer computes windows: it writes its row all the time. One that was killed does not. */
async function failWhileComputed(table: SharedTable): Promise<void> {
  const before = await table.computer();
  if (before?.owner === undefined) return;
  await pause(COMPUTES_WITHIN_MS);
  const now = await table.computer();
  if (now?.counter === before.counter) return;
  throw new SluiceError(
    'CONTROL_FAILED',
    `the consumer ${quoted(before.owner)} computes windows now: stop all consumers first`,
  );
}

function layoutIn(
  layouts: Readonly<Record<string, AggregateLayout>>,
  aggregate: string,
  state: string,
): AggregateLayout {
  const layout = layouts[aggregate];
  if (layout !== undefined) return layout;
  const names = Object.keys(layouts).map(quoted).join(', ');
  throw new SluiceError(
    'USAGE_INVALID',
    `no windows ${quoted(aggregate)} are known in ${state}${names === '' ? '' : `; there are ${names}`}`,
  );
}

async function deleteRows({ sink }: SluiceConfig, { resolutions }: AggregateLayout): Promise<void> {
  const measurements = Object.keys(resolutions);
  if (sink.kind === 'influx') {
    const commands = measurements.map((name) => `  ${removalAdvice(sink.influx.version, name)}\n`);
    process.stdout.write(
      `Delete the old rows in InfluxDB itself, before you start the gateway:\n${commands.join('')}`,
    );
    return;
  }
  if ((await ifThere(stat(sink.duckdb.path))) === undefined) return;
  const warn: Warn = (_fields, sentence) => {
    process.stderr.write(`${sentence}\n`);
  };
  const store = createSink(sink, new SystemClock(), warn, keepFrom1970);
  try {
    await store.open();
    for (const name of measurements) {
      const rows = await store.deleteMeasurement(name);
      process.stdout.write(`${name}: ${rows} rows deleted\n`);
    }
  } finally {
    await store.close();
  }
}
