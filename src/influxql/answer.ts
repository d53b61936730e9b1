import type { TimeZone } from '../lib/time-zone.js';
import type { Value } from './value.js';

/** The units of the parameter `epoch`, in ns. Without it, times are RFC 3339. */
export const EPOCHS = {
  ns: 1n,
  n: 1n,
  u: 1_000n,
  µ: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
} as const;
export type Epoch = keyof typeof EPOCHS;

/** A query as `/query` gets it. */
export interface InfluxqlRequest {
  readonly query: string;
  /** Absent: times are texts. */
  readonly epoch?: Epoch;
  readonly pretty: boolean;
  readonly parameters: ReadonlyMap<string, string | bigint | number | boolean>;
  /** The name that SHOW DATABASES has. */
  readonly database: string;
}

/** The answer in the form of InfluxDB 1. */
export interface InfluxqlAnswer {
  /** 400: the query could not be read, and no statement was run. */
  readonly status: 200 | 400;
  readonly json: string;
}

/** One of the lists of an answer: the rows of a group, or the names that SHOW found. */
export interface AnswerSeries {
  /** Absent for the series of SHOW SERIES. */
  readonly name?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly columns: readonly string[];
  readonly values: readonly (readonly Cell[])[];
}

/** Not a bare integer: an instant is written in the unit that was asked for. */
export type Cell = Value | null | { readonly atNs: bigint };

/** The answer to one statement. */
export type StatementResult =
  | { readonly series: readonly AnswerSeries[]; readonly zone?: TimeZone | undefined }
  | { readonly error: string };

const NS_PER_MS = 1_000_000n;
const NS_PER_SECOND = 1_000_000_000n;
const MS_PER_MINUTE = 60_000;
const PRETTY_INDENT = 4;

export function errorJson(error: string, pretty: boolean): string {
  return written({ error }, pretty);
}

export function resultsJson(
  results: readonly StatementResult[],
  { epoch, pretty }: Pick<InfluxqlRequest, 'epoch' | 'pretty'>,
): string {
  const parts = results.map((result, nth) => {
    const id = `"statement_id":${nth}`;
    if ('error' in result) return `{${id},"error":${JSON.stringify(result.error)}}`;
    if (result.series.length === 0) return `{${id}}`;
    return `{${id},"series":[${result.series.map((one) => seriesJson(one, epoch, result.zone)).join(',')}]}`;
  });
  const json = `{"results":[${parts.join(',')}]}`;
  return pretty ? indented(json) : `${json}\n`;
}

function seriesJson(
  { name, tags, columns, values }: AnswerSeries,
  epoch: Epoch | undefined,
  zone: TimeZone | undefined,
) {
  const head = [
    ...(name === undefined ? [] : [`"name":${JSON.stringify(name)}`]),
    ...(tags === undefined ? [] : [`"tags":${JSON.stringify(tags)}`]),
    `"columns":${JSON.stringify(columns)}`,
  ];
  const rows = values.map((row) => `[${row.map((cell) => cellJson(cell, epoch, zone)).join(',')}]`);
  return `{${head.join(',')},"values":[${rows.join(',')}]}`;
}

function cellJson(cell: Cell, epoch: Epoch | undefined, zone: TimeZone | undefined): string {
  if (typeof cell === 'bigint') return `${cell}`;
  if (cell === null || typeof cell !== 'object') return JSON.stringify(cell);
  return epoch === undefined ? `"${timeText(cell.atNs, zone)}"` : `${cell.atNs / EPOCHS[epoch]}`;
}

/** RFC 3339 to the ns, without zeros at the end. */
function timeText(ns: bigint, zone: TimeZone | undefined): string {
  const fraction = ((ns % NS_PER_SECOND) + NS_PER_SECOND) % NS_PER_SECOND;
  const secondMs = Number((ns - fraction) / NS_PER_MS);
  const shiftMs = zone === undefined ? 0 : zone.wallOf(secondMs) - secondMs;
  const date = new Date(secondMs + shiftMs).toISOString().slice(0, 19);
  const decimals = fraction === 0n ? '' : `.${`${fraction}`.padStart(9, '0').replace(/0+$/, '')}`;
  return `${date}${decimals}${offsetText(shiftMs)}`;
}

function offsetText(shiftMs: number): string {
  if (shiftMs === 0) return 'Z';
  const minutes = Math.abs(Math.trunc(shiftMs / MS_PER_MINUTE));
  const two = (count: number) => `${Math.floor(count)}`.padStart(2, '0');
  return `${shiftMs < 0 ? '-' : '+'}${two(minutes / 60)}:${two(minutes % 60)}`;
}

function written(value: object, pretty: boolean): string {
  return `${JSON.stringify(value, undefined, pretty ? PRETTY_INDENT : undefined)}\n`;
}

/** Indents JSON without reading it: JSON.parse would round integers. */
function indented(json: string): string {
  let depth = 0;
  const line = () => `\n${' '.repeat(depth * PRETTY_INDENT)}`;
  const text = json.replace(/"(?:[^"\\]|\\.)*"|\[\]|\{\}|[[\]{},:]/g, (token) => {
    switch (token) {
      case '[':
      case '{':
        depth += 1;
        return `${token}${line()}`;
      case ']':
      case '}':
        depth -= 1;
        return `${line()}${token}`;
      case ',':
        return `,${line()}`;
      case ':':
        return ': ';
      default:
        return token;
    }
  });
  return `${text}\n`;
}
