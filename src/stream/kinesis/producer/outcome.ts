import { type ErrorCode, errorText, SluiceError } from '../../../errors.js';
import type { PutResult } from '../kinesis-api.js';

/** Why a Kinesis record goes again; `ambiguous`: it is perhaps stored. */
export type RetryCause = 'throttled' | 'internal' | 'ambiguous';

export interface Retry {
  readonly cause: RetryCause;
  /** For a person. */
  readonly words: string;
}

/** What Kinesis said to an entry: stored, or else why not. */
export type EntryOutcome = 'stored' | Retry;

const UNREADABLE: Retry = {
  cause: 'ambiguous',
  words: 'Kinesis answered PutRecords with something else than one result a record',
};

/**
 * The outcome of each of `expected` entries. Results belong to entries by their place alone: when there are more or
 * fewer of them nothing is known of any entry.
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
  return failure === 'throttled' || failure === 'internal' ? { cause: failure, words: message } : UNREADABLE;
}

function isSequenceNumber(text: unknown): boolean {
  return typeof text === 'string' && text !== '';
}

export type RequestFailure =
  /** Each entry goes again after a back-off of its own. */
  | { readonly kind: 'retry'; readonly retry: Retry }
  /** Nothing will be stored before a person or AWS has changed the stream. */
  | { readonly kind: 'unusable'; readonly code: ErrorCode; readonly words: string }
  /** Something in the request will never do. */
  | { readonly kind: 'refused'; readonly words: string };

/** What is thrown and not known is ambiguous: the request is sent again, never dropped. */
export function requestFailure(thrown: unknown): RequestFailure {
  const words = errorText(thrown);
  if (!(thrown instanceof SluiceError)) return { kind: 'retry', retry: { cause: 'ambiguous', words } };
  switch (thrown.code) {
    case 'KINESIS_THROTTLED':
      return { kind: 'retry', retry: { cause: 'throttled', words } };
    case 'KINESIS_STREAM_MISSING':
    case 'KINESIS_STREAM_BUSY':
    case 'KINESIS_DENIED':
    case 'KINESIS_UNUSABLE':
      return { kind: 'unusable', code: thrown.code, words };
    case 'KINESIS_REQUEST_REFUSED':
      return { kind: 'refused', words };
    default:
      return { kind: 'retry', retry: { cause: 'ambiguous', words } };
  }
}
