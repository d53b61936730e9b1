/**
 * ERROR_CODES has every error that Sluice throws on purpose, and whether trying again can succeed. The list is closed:
 * a new condition gets a new code, and a retired code is not used again. docs/errors.md has a row for each.
 */
export const ERROR_CODES = {
  USAGE_INVALID: { retryable: false, exitCode: 2 },
  CONFIG_UNREADABLE: { retryable: false, exitCode: 2 },
  CONFIG_INVALID: { retryable: false, exitCode: 2 },
  DATA_DIRECTORY_LOCKED: { retryable: false, exitCode: 2 },
  DATA_DIRECTORY_UNUSABLE: { retryable: false, exitCode: 2 },
  DATA_DIRECTORY_MISMATCH: { retryable: false, exitCode: 2 },
  LISTENER_FAILED: { retryable: false, exitCode: 2 },
  TLS_FILES_INVALID: { retryable: false, exitCode: 2 },
  LOG_FAILED: { retryable: false, exitCode: 1 },
  JOURNAL_FAILED: { retryable: false, exitCode: 1 },
  LOG_CLOSED: { retryable: false, exitCode: 1 },
  LOG_RECORD_TOO_LARGE: { retryable: false, exitCode: 1 },
  CHECKPOINT_FAILED: { retryable: false, exitCode: 1 },
  CHECKPOINT_UNREADABLE: { retryable: false, exitCode: 1 },
  DISK_FULL: { retryable: true, exitCode: 1 },
  DEAD_LETTER_FAILED: { retryable: false, exitCode: 1 },
  DEAD_LETTER_FULL: { retryable: true, exitCode: 1 },
  DEAD_LETTER_BUSY: { retryable: true, exitCode: 1 },
  DEAD_LETTER_SCANNING: { retryable: true, exitCode: 1 },
  REPLAY_UNSUPPORTED: { retryable: false, exitCode: 1 },
  RELOAD_BUSY: { retryable: true, exitCode: 1 },
  RELOAD_FAILED: { retryable: true, exitCode: 1 },
  CONTROL_FAILED: { retryable: false, exitCode: 1 },
  SINK_ABORTED: { retryable: true, exitCode: 1 },
  SINK_UNUSABLE: { retryable: false, exitCode: 2 },
  QUERY_NAMES_UNKNOWN: { retryable: false, exitCode: 2 },
  SINK_QUERY_UNSUPPORTED: { retryable: false, exitCode: 1 },
  SINK_QUERY_FAILED: { retryable: true, exitCode: 1 },
  QUERY_INVALID: { retryable: false, exitCode: 2 },
  TOO_MANY_QUERIES: { retryable: true, exitCode: 1 },
  QUERY_LIMIT_REACHED: { retryable: false, exitCode: 1 },
  SINK_CHANGE_FAILED: { retryable: true, exitCode: 1 },
  KINESIS_THROTTLED: { retryable: true, exitCode: 1 },
  KINESIS_UNREACHABLE: { retryable: true, exitCode: 1 },
  KINESIS_STREAM_BUSY: { retryable: true, exitCode: 1 },
  KINESIS_ITERATOR_EXPIRED: { retryable: true, exitCode: 1 },
  KINESIS_STREAM_MISSING: { retryable: false, exitCode: 2 },
  KINESIS_DENIED: { retryable: false, exitCode: 2 },
  KINESIS_REQUEST_REFUSED: { retryable: false, exitCode: 1 },
  KINESIS_UNUSABLE: { retryable: false, exitCode: 2 },
  LEASE_TABLE_UNREACHABLE: { retryable: true, exitCode: 1 },
  LEASE_TABLE_UNUSABLE: { retryable: false, exitCode: 2 },
  LEASE_LOST: { retryable: false, exitCode: 1 },
  WORKER_FAILED: { retryable: false, exitCode: 1 },
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

/** SluiceError is an expected failure with a closed code. `message` is a sentence for the person who can fix it. */
export class SluiceError extends Error {
  readonly code: ErrorCode;
  readonly retryable: boolean;
  /** Process exit code when this error ends a command: 2 = wrong usage or configuration, 1 = failed at run time. */
  readonly exitCode: 1 | 2;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'SluiceError';
    this.code = code;
    this.retryable = ERROR_CODES[code].retryable;
    this.exitCode = ERROR_CODES[code].exitCode;
  }

  /** What a command prints for a person; it may have more lines than the message. */
  get terminalText(): string {
    return this.message;
  }
}

/** The text of anything thrown, for a log line or a reason. */
export function errorText(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The `code` of a system error of Node (`ENOSPC`, `EADDRINUSE`), if there is one. */
export function systemErrorCode(thrown: unknown): string | undefined {
  const code = (thrown as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}
