import type { KinesisConfig, KinesisReaderConfig } from '../config/sluice-config.js';
import { DynamoLeaseRows } from '../stream/kinesis/leases/dynamo-lease-rows.js';
import { leastWatermarkMs } from '../stream/kinesis/leases/lease.js';
import { ATTRIBUTE, leaseOfRow } from '../stream/kinesis/leases/lease-row.js';
import type { LeaseRows, Row } from '../stream/kinesis/leases/lease-rows.js';
import type { SharedRow, SharedRows } from '../windows/shared/shared-rows.js';
import type { SharedStream, SharedWindows } from '../windows/shared/shared-windows.js';

type LeaseOptions = NonNullable<KinesisReaderConfig['leases']>;

/** What the shared windows do for the source. */
export type WindowsOfSource = Pick<SharedWindows, 'prepare' | 'watermarkMs'>;

/** The lease table and the table of the windows beside it, as the windows use them. It does not connect before the first call. */
export interface SharedWindowsSource extends SharedStream {
  /** Called before the source is opened; it makes these windows ready before it reads. */
  use(windows: WindowsOfSource): void;
}

/** A write and a read, each of them twice, have to fit into the fail-over time. */
const CALLS_PER_FAILOVER = 5;
const MAX_REQUEST_TIMEOUT_MS = 2_000;

export function leaseRows(
  { region }: Pick<KinesisConfig, 'region'>,
  { table, endpoint, failoverMs }: Pick<LeaseOptions, 'table' | 'endpoint' | 'failoverMs'>,
): DynamoLeaseRows {
  return new DynamoLeaseRows({
    table,
    requestTimeoutMs: Math.min(MAX_REQUEST_TIMEOUT_MS, failoverMs / CALLS_PER_FAILOVER),
    region,
    endpoint,
  });
}

/** KCL keeps its lease table free of other rows, so that what is due of windows has a table of its own. */
export function windowsTableOf(leaseTable: string): string {
  return `${leaseTable}-windows`;
}

export function windowsRows(
  kinesis: Pick<KinesisConfig, 'region'>,
  leases: Pick<LeaseOptions, 'table' | 'endpoint' | 'failoverMs'>,
): SharedRows {
  return sharedRows(leaseRows(kinesis, { ...leases, table: windowsTableOf(leases.table) }));
}

/** `leases` are closed with the rows. */
export function sharedStream(
  kinesis: Pick<KinesisConfig, 'region'>,
  leases: LeaseOptions & { readonly workerId: string },
  held: SharedStream['held'],
): SharedStream {
  const { workerId, failoverMs } = leases;
  const leaseTable = leaseRows(kinesis, leases);
  const rows = windowsRows(kinesis, leases);
  return {
    workerId,
    failoverMs,
    held,
    leastWatermarkMs: async () => {
      const all = (await leaseTable.scan()).map(leaseOfRow);
      return leastWatermarkMs(all.filter((lease) => lease !== undefined));
    },
    rows: {
      ...rows,
      close: () => {
        leaseTable.close();
        rows.close();
      },
    },
  };
}

/** The rows of a table in the terms of the windows, which know no technology. */
export function sharedRows(rows: LeaseRows): SharedRows {
  return {
    prepare: () => rows.prepare(),
    scan: async () => (await rows.scan()).map(sharedRowOf),
    get: async (key) => {
      const row = await rows.get(key);
      return row && sharedRowOf(row);
    },
    write: (key, set, when) => rows.write(key, { set, when }),
    putAll: (all) => rows.putAll(all.map(({ key, values }) => ({ [ATTRIBUTE.key]: key, ...values }))),
    remove: (key, when) => rows.remove(key, when),
    close: () => rows.close(),
  };
}

function sharedRowOf({ [ATTRIBUTE.key]: key, ...values }: Row): SharedRow {
  return { key: String(key), values };
}
