export const PARTS = [
  'access-passwords',
  'ack',
  'ack-5',
  'ack-access',
  'ack-latency',
  'connections',
  'e2e-influx',
  'e2e-duckdb',
  'e2e-influx-windows',
  'e2e-duckdb-windows',
  'e2e-duckdb-pages',
  'e2e-kinesis',
  'fair-shares',
  'kinesis',
  'micro',
  'observers',
  'reading',
  'reading-year',
  'storm',
  'tls',
  'tls-reconnect',
  'windows-fleet',
  'windows-restart',
] as const;
export type PartName = (typeof PARTS)[number];

/** Not part of "everything": it keeps its pace for more than twenty minutes. */
export const ONLY_NAMED: ReadonlySet<PartName> = new Set(['windows-fleet']);

/** What the command line asked for. */
export interface BenchOptions {
  /** In this order; all of them but ONLY_NAMED when none was named. */
  readonly parts: readonly PartName[];
  /** Whether the parts were named: what was asked for and cannot run is a failure. */
  readonly areNamed: boolean;
  /** Of one run; absent: each part's own number. */
  readonly messages?: number;
  /** Runs behind each figure; absent: 3, or 1 with `isQuick`. */
  readonly repeat?: number;
  /** A look whether all works, in under a minute: too short for figures. */
  readonly isQuick: boolean;
  /** For the logs, databases and files of what is measured; its file system decides what an fdatasync costs. */
  readonly directory: string;
  /** Where the JSON goes. */
  readonly results: string;
  /** The launcher of another checkout, which `ack` measures alternately with this one; absent: none. */
  readonly against?: string;
}

/** Messages of one run and runs of one figure, for a part whose full size is `fullMessages`. */
export function sizeOf(options: BenchOptions, fullMessages: number, quickMessages: number) {
  return {
    messages: options.messages ?? (options.isQuick ? quickMessages : fullMessages),
    repeat: options.repeat ?? (options.isQuick ? 1 : 3),
  };
}
