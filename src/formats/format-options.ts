import type { Compression } from './compression/inflate.js';
import type { Leniency } from './json/lenient-json.js';
import type { Precision } from './line-protocol/line-protocol-format.js';
import type { SenmlEncoding } from './senml/senml-format.js';

/** The names of all formats, as they are written in a configuration. */
export const FORMAT_TYPES = [
  'json',
  'text',
  'csv',
  'line-protocol',
  'senml',
  'cbor',
  'msgpack',
  'sparkplug',
  'decoder',
] as const;
export type FormatType = (typeof FORMAT_TYPES)[number];

/**
 * How the payloads that a rule takes are encoded, as `config` passes it: the name of the format, and its options.
 *
 *   json   strict JSON, unless `lenient` says otherwise
 *   text   the whole payload as one text, or as a number or boolean where it is plainly one
 *   csv    rows of cells
 *   line-protocol   that of InfluxDB
 *   senml  SenML (RFC 8428), as a list of resolved records
 *   cbor   CBOR (RFC 8949)
 *   msgpack  MessagePack
 *   sparkplug  Sparkplug B; also the default on its topics
 *   decoder   a program of the user
 */
export interface FormatOptions {
  readonly type: FormatType;
  /** How payloads are compressed; when absent, not, and JSON as their first bytes say. */
  readonly compression?: Compression;
  /** What is tolerated in JSON; of the binary formats `nan` alone. */
  readonly lenient?: readonly Leniency[];
  /** Between the cells of CSV; when absent `,`, and `;` with a decimal comma. */
  readonly delimiter?: string;
  /** Whether the first row of CSV has the names of the columns; when absent, if `columns` has not. */
  readonly header?: boolean;
  /** The names of the columns of CSV. */
  readonly columns?: readonly string[];
  /** What lines of CSV begin with that are skipped. */
  readonly comment?: string;
  /** Whether numbers in CSV have a decimal comma. */
  readonly decimalComma?: boolean;
  /** 'one': CSV of a single row, which is an object instead of a list of one. */
  readonly rows?: 'one' | 'many';
  /** The unit of the timestamps of line protocol; when absent, ns. */
  readonly precision?: Precision;
  /** How SenML is written; `auto` when absent. */
  readonly encoding?: SenmlEncoding;
  /** The program of the user, an ES module. */
  readonly file?: string;
  /** What was in the file when the configuration was read: another one makes another decoder. */
  readonly fileVersion?: string;
  /** How long a decoder may take for one payload; when absent, DEFAULT_DECODER_TIMEOUT_MS. */
  readonly timeoutMs?: number;
}

export const DEFAULT_DECODER_TIMEOUT_MS = 100;

/** The formats that an option belongs to. */
export const OPTION_TYPES: Readonly<
  Record<Exclude<keyof FormatOptions, 'type' | 'fileVersion'>, readonly FormatType[]>
> = {
  compression: FORMAT_TYPES,
  lenient: ['json', 'cbor', 'msgpack'],
  delimiter: ['csv'],
  header: ['csv'],
  columns: ['csv'],
  comment: ['csv'],
  decimalComma: ['csv'],
  rows: ['csv'],
  precision: ['line-protocol'],
  encoding: ['senml'],
  file: ['decoder'],
  timeoutMs: ['decoder'],
};

/** The format of the payloads on the topics of a filter, for rules that name none. */
export interface TopicFormat {
  readonly topic: string;
  readonly format: FormatOptions;
}
