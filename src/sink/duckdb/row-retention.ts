import { DUCKDB_DEFAULTS, type DuckdbSinkOptions } from './duckdb-database.js';

const NS_PER_MS = 1_000_000n;

/** Points of a measurement before a time are rejected. */
export interface AgeLimit {
  readonly oldestNs: bigint;
  /** Where an operator changes it. */
  readonly setting: string;
}

/** From this time on, rows of a measurement are not deleted, although they are past retention. */
export type KeepFromNs = (measurement: string) => bigint | undefined;

/** For commands beside a gateway that is stopped: they do not know which windows are still due, so they delete nothing. */
export const keepFrom1970: KeepFromNs = () => 0n;

/** How long the rows of each measurement are kept. */
export class RowRetention {
  readonly #options: Pick<DuckdbSinkOptions, 'retentionMs' | 'retentions'>;
  readonly #keepFromNs: KeepFromNs;

  constructor(options: Pick<DuckdbSinkOptions, 'retentionMs' | 'retentions'>, keepFromNs: KeepFromNs) {
    this.#options = options;
    this.#keepFromNs = keepFromNs;
  }

  /** The limit for new points; undefined: there is none. */
  limit(measurement: string, nowNs: bigint): AgeLimit | undefined {
    const { retentionMs = DUCKDB_DEFAULTS.retentionMs, retentions } = this.#options;
    const special = retentions?.get(measurement);
    const keptMs = special ?? retentionMs;
    if (keptMs === 0) return undefined;
    return {
      oldestNs: nowNs - BigInt(keptMs) * NS_PER_MS,
      setting:
        special === undefined
          ? 'sink.duckdb.retention'
          : 'the retention of a resolution in windows.aggregates',
    };
  }

  /** Rows before this time are deleted; undefined: none. */
  deleteBeforeNs(measurement: string, nowNs: bigint): bigint | undefined {
    const oldestNs = this.limit(measurement, nowNs)?.oldestNs;
    const keepFromNs = this.#keepFromNs(measurement);
    if (oldestNs === undefined || keepFromNs === undefined) return oldestNs;
    return keepFromNs < oldestNs ? keepFromNs : oldestNs;
  }
}
