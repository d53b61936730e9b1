import type { Sink } from '../sink/sink.js';
import type { ReadableRows } from './readable-rows.js';
import type { RowStore } from './window-stores.js';
import type { RebuildRequest, RebuildResult, WindowsReport } from './windows-report.js';

/** Of each partition, in its order. */
export interface CompletedRecords {
  readonly position: string;
  readonly parts: readonly {
    readonly partition: string;
    readonly records: readonly { readonly receivedAtNs: bigint }[];
  }[];
}

/**
 * Windows as the pipeline sees them. Both kinds hold two invariants, so that after a crash at any time each row comes out as
 * if there had been none:
 * 1. Before the store has a point, it is durable which windows have to be computed for it.
 * 2. A window is forgotten only after a fold that began behind the last write into it, and whose rows are in the store.
 */
export interface WindowsStage {
  /** Computes windows from now on. */
  start(): void;
  /** A fold that runs is given up: its window stays due. */
  close(): Promise<void>;
  /** The sink with windows in front of it; for the caller it is the same. Its calls do not overlap. */
  around(sink: Pick<Sink, 'write'>): Pick<Sink, 'write'>;
  /** The consumer has completed these records, and everything before the position. */
  processed(records: CompletedRecords): void;
  /** Makes durable what belongs to a position; called before the checkpoint of it is saved. */
  saveAt(position: string): Promise<void>;
  /** The checkpoint of the position is durable. */
  noteSaved(position: string): Promise<void>;
  /** From when points or rows of a measurement are kept beyond their retention, because windows wait for them, ns. */
  keepFromNs(measurement: string): bigint | undefined;
  /** The resolutions whose rows say something of the points of a measurement, those of one aggregate finest first. */
  readable(measurement: string): readonly ReadableRows[];
  /** Where rows with this target are read from; undefined: that store cannot be queried. */
  chartsIn(to: string | undefined): RowStore['charts'];
  /** The store is open and has only these measurements: of all others no window lacks a row. Called before the first point. */
  noteStored(measurements: ReadonlySet<string>): void;
  report(): WindowsReport;
  /** Marks windows to be computed again; resolves when that is durable. Rejects with USAGE_INVALID. */
  rebuild(request: RebuildRequest): Promise<RebuildResult>;
}
