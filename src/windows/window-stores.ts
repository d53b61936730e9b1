import type { Point } from '../sink/point.js';
import type { Rejection } from '../sink/sink.js';
import type { StoreReader } from '../sink/store-reader.js';
import type { WindowReader } from '../sink/window-reader.js';

/** What windows use of the stores. */
export interface WindowStores {
  /** Where the points are; undefined: that store cannot be queried. */
  readonly points: WindowReader | undefined;
  /** Points of this measurement before this time may be gone, ns; undefined: not known. */
  oldestKeptNs(measurement: string): bigint | undefined;
  /** Where rows with this target are written to and read from; see `Resolution.to`. */
  rowsIn(to: string | undefined): RowStore;
  /** Why rows cannot be written now, for a person; empty: they can, or go the way of the points. */
  problem(): string;
  close(): Promise<void>;
}

export interface RowStore {
  readonly reader: WindowReader | undefined;
  /** Where somebody reads rows in place of points. */
  readonly charts?: Pick<StoreReader, 'statistics'> | undefined;
  /** As `Sink.write`; may overlap with the writes of others. */
  write(points: readonly Point[], signal: AbortSignal): Promise<readonly Rejection[]>;
}
