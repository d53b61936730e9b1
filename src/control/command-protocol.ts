import type { ReloadResult } from '../config/reload-result.js';
import type { ErrorCode } from '../lib/errors.js';
import { topicFilterFault } from '../lib/mqtt-names.js';
import { REPLAY_KINDS, type ReplayKind, type ReplayStatus } from '../replay/replay-status.js';
import { type ParkedSelection, readSelection } from '../replay/selection.js';
import type { FollowedRecord } from '../rules/followed-record.js';
import type { FieldChange, FieldChangeResult } from '../sink/field-change.js';
import { FIELD_TYPES } from '../sink/point.js';
import { QUERY_FORMATS, type QueryText, type StoreQuery } from '../sink/store-query.js';
import type { RebuildRequest, RebuildResult, WindowsReport } from '../windows/windows-report.js';

/**
 * What a command asks of the gateway that holds its data directory, over the socket of the lock: one line of JSON. The
 * gateway answers with lines of JSON until it is done, and then closes the connection.
 */
export type CommandRequest =
  | ReplayCommand
  | ReloadCommand
  | DescribeCommand
  | FollowCommand
  | ChangeFieldCommand
  | WindowsListCommand
  | WindowsRebuildCommand
  | QueryCommand;

export interface ReplayCommand {
  readonly kind: ReplayKind;
  readonly selection: ParkedSelection;
  readonly dryRun: boolean;
}

export interface ReloadCommand {
  readonly kind: 'reload';
}

export interface DescribeCommand {
  readonly kind: 'describe';
}

/** What a running gateway reports about itself. */
export interface GatewayDescription {
  readonly processId: number;
  /** The absolute path of the configuration file; absent with the built-in defaults. */
  readonly file?: string;
  /** What it listens on, as configured: MQTT, WebSocket and HTTP. */
  readonly listeners: readonly { readonly host: string; readonly port: number }[];
}

export interface FollowCommand {
  readonly kind: 'follow';
  /** An MQTT topic filter. */
  readonly filter: string;
  /** Whether each record has its whole payload. A gateway of an older version sends only the beginning. */
  readonly withPayloads: boolean;
}

export interface ChangeFieldCommand {
  readonly kind: 'change-field';
  readonly change: FieldChange;
}

export interface WindowsListCommand {
  readonly kind: 'windows-list';
}

export interface WindowsRebuildCommand {
  readonly kind: 'windows-rebuild';
  readonly request: RebuildRequest;
}

export interface QueryCommand {
  readonly kind: 'query';
  readonly query: StoreQuery;
}

/** The last line of a replay or purge has `refused`, or a status whose state is not `running`. */
export type ReplayLine = { readonly status: ReplayStatus } | RefusedLine;
/** The only line of a reload. */
export type ReloadLine = { readonly reload: ReloadResult } | RefusedLine;
/** The only line of a description. */
export type DescribeLine = { readonly gateway: GatewayDescription } | RefusedLine;
/** The only line of a change of a field. */
export type ChangeFieldLine = { readonly changed: FieldChangeResult } | RefusedLine;
/** The only line of a list of windows. */
export type WindowsListLine = { readonly windows: WindowsReport } | RefusedLine;
/** The only line of a rebuild of windows: they are marked then, and computed later. */
export type WindowsRebuildLine = { readonly rebuild: RebuildResult } | RefusedLine;
/** Records that were mapped since the line before; there is one at least every two seconds until the command disconnects. */
export type FollowLine = { readonly followed: Followed } | RefusedLine;
export type AnswerLine =
  | ReplayLine
  | ReloadLine
  | DescribeLine
  | ChangeFieldLine
  | WindowsListLine
  | WindowsRebuildLine;

export interface Followed {
  readonly records: readonly FollowedRecord[];
  /** How many records of the filter were not explained. */
  readonly skipped: number;
}

export interface RefusedLine {
  readonly refused: { readonly code: ErrorCode; readonly message: string };
}

/** The limit for a request: it has room for as many ids as a selection may have. */
export const MAX_REQUEST_BYTES = 1024 * 1024;

/** The request in a line, or what is wrong with it. */
export function readCommandRequest(line: string): CommandRequest | string {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return 'the request is not JSON';
  }
  const { kind, selection, dryRun, filter, withPayloads, change, request, query } = (json ?? {}) as Record<
    string,
    unknown
  >;
  if (kind === 'reload' || kind === 'describe' || kind === 'windows-list') return { kind };
  if (kind === 'follow') {
    const fault = typeof filter === 'string' ? topicFilterFault(filter) : 'expected a text';
    if (fault !== undefined) return `the topic filter: ${fault}`;
    return { kind, filter: filter as string, withPayloads: withPayloads === true };
  }
  if (kind === 'change-field') {
    const read = readChange(change);
    return typeof read === 'string' ? read : { kind, change: read };
  }
  if (kind === 'windows-rebuild') {
    const read = readRebuild(request);
    return typeof read === 'string' ? read : { kind, request: read };
  }
  if (kind === 'query') {
    const read = readQuery(query);
    return typeof read === 'string' ? read : { kind, query: read };
  }
  const known = REPLAY_KINDS.find((one) => one === kind);
  if (known === undefined) {
    return `the request: expected kind ${REPLAY_KINDS.join(', ')}, reload, describe, follow, change-field, windows-list, windows-rebuild or query`;
  }
  const read = readSelection(selection);
  if (typeof read === 'string') return read;
  return { kind: known, selection: read, dryRun: dryRun === true };
}

function readChange(written: unknown): FieldChange | string {
  const { kind, measurement, field, type, isConfirmed } = (written ?? {}) as Record<string, unknown>;
  if (typeof measurement !== 'string' || typeof field !== 'string') {
    return 'the change: expected the name of a measurement and of a field';
  }
  const names = { measurement, field, isConfirmed: isConfirmed === true };
  if (kind === 'drop') return { kind, ...names };
  const known = FIELD_TYPES.find((one) => one === type);
  if (kind === 'retype' && known !== undefined) return { kind, ...names, type: known };
  return `the change: expected drop, or retype with a type of ${FIELD_TYPES.join(', ')}`;
}

function readRebuild(written: unknown): RebuildRequest | string {
  const { aggregate, fromMs, toMs, isDryRun, isForced } = (written ?? {}) as Record<string, unknown>;
  if (aggregate !== undefined && typeof aggregate !== 'string') {
    return 'the rebuild: expected the name of an aggregate';
  }
  if (!isTime(fromMs) || !isTime(toMs) || fromMs >= toMs) {
    return 'the rebuild: expected a time, and a later one, in ms since 1970';
  }
  const span = { fromMs, toMs, isDryRun: isDryRun === true, isForced: isForced === true };
  return aggregate === undefined ? span : { aggregate, ...span };
}

function readQuery(written: unknown): StoreQuery | string {
  const { of, format: asked, maxRows, timeoutMs, maxBytes } = (written ?? {}) as Record<string, unknown>;
  const text = readQueryText(of);
  if (typeof text === 'string') return text;
  const format = QUERY_FORMATS.find((one) => one === asked);
  if (format === undefined) return `the query: expected a format of ${QUERY_FORMATS.join(', ')}`;
  if (!isCount(maxRows) || !isCount(timeoutMs) || !isCount(maxBytes)) {
    return 'the query: expected limits of rows, time and bytes';
  }
  return { of: text, format, maxRows, timeoutMs, maxBytes };
}

function readQueryText(written: unknown): QueryText | string {
  const { sql, measurement, fromMs, toMs } = (written ?? {}) as Record<string, unknown>;
  if (typeof sql === 'string') return { sql };
  if (typeof measurement !== 'string') return 'the query: expected a statement or a measurement';
  if ((fromMs !== undefined && !isTime(fromMs)) || (toMs !== undefined && !isTime(toMs))) {
    return 'the query: expected times in ms since 1970';
  }
  return { measurement, ...(fromMs !== undefined && { fromMs }), ...(toMs !== undefined && { toMs }) };
}

function isCount(written: unknown): written is number {
  return Number.isSafeInteger(written) && Number(written) > 0;
}

function isTime(written: unknown): written is number {
  return Number.isSafeInteger(written);
}
