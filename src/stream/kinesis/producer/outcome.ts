import { type ErrorCode, errorText, SluiceError } from '../../../lib/errors.js';
import type { PutResult } from '../kinesis-api.js';

/** RetryCause is why a Kinesis record is sent again; `ambiguous` means that it may already be stored. */
export type RetryCause = 'throttled' | 'internal' | 'ambiguous';

export interface Retry {
  readonly cause: RetryCause;
  /** Text for a person. */
  readonly reason: string;
}

/** EntryOutcome is what Kinesis answered for one entry: stored, or else why not. */
export type EntryOutcome = 'stored' | Retry;

const UNREADABLE: Retry = {
  cause: 'ambiguous',
  reason: 'Kinesis did not answer PutRecords with one result for each record',
};

/**
 * Returns the outcome of each of `expected` entries. A result belongs to the entry of the same index: when there are
 * more or fewer results than entries, nothing is known about any entry.
 */
export function outcomesOf(results: readonly PutResult[], expected: number): readonly EntryOutcome[] {
  if (!Array.isArray(results) || results.length !== expected) {
    return Array.from({ length: expected }, () => UNREADABLE);
  }
  return results.map(outcomeOf);
}

function outcomeOf(result: PutResult | undefined): EntryOutcome {
  if (result?.ok === true) return isSequenceNumber(result.sequenceNumber) ? 'stored' : UNREADABLE;
  if (result?.ok !== false) return UNREADABLE;
  const { failure, message } = result;
  return failure === 'throttled' || failure === 'internal' ? { cause: failure, reason: message } : UNREADABLE;
}

function isSequenceNumber(text: unknown): boolean {
  return typeof text === 'string' && text !== '';
}

export type RequestFailure =
  /** Each entry is sent again after a back-off of its own. */
  | { readonly kind: 'retry'; readonly retry: Retry }
  /** Nothing will be stored until a person or AWS has changed the stream. */
  | { readonly kind: 'unusable'; readonly code: ErrorCode; readonly reason: string }
  /** Something in the request is invalid and always will be. */
  | { readonly kind: 'refused'; readonly reason: string };

/** An unknown error counts as ambiguous: the request is sent again, never dropped. */
export function requestFailure(thrown: unknown): RequestFailure {
  const reason = errorText(thrown);
  if (!(thrown instanceof SluiceError)) return { kind: 'retry', retry: { cause: 'ambiguous', reason } };
  switch (thrown.code) {
    case 'KINESIS_THROTTLED':
      return { kind: 'retry', retry: { cause: 'throttled', reason } };
    case 'KINESIS_STREAM_MISSING':
    case 'KINESIS_STREAM_BUSY':
    case 'KINESIS_DENIED':
    case 'KINESIS_UNUSABLE':
      return { kind: 'unusable', code: thrown.code, reason };
    case 'KINESIS_REQUEST_REFUSED':
      return { kind: 'refused', reason };
    default:
      return { kind: 'retry', retry: { cause: 'ambiguous', reason } };
  }
}
