import type { ParkedSelection } from '../dead-letter/selection.js';
import { readSelection } from '../dead-letter/selection.js';
import type { SettlingKind } from '../dead-letter/settling-status.js';
import { SETTLING_KINDS, type SettlingStatus } from '../dead-letter/settling-status.js';
import type { ErrorCode } from '../errors.js';

/**
 * What a command asks of the gateway that holds its data directory, over the socket of the lock: one line of JSON, then
 * lines of JSON come back until the job is done.
 */
export interface ControlRequest {
  readonly kind: SettlingKind;
  readonly selection: ParkedSelection;
  readonly dryRun: boolean;
}

export type ControlAnswer =
  | { readonly status: SettlingStatus }
  /** The last line, as is a status that does not say `running`. */
  | { readonly refused: { readonly code: ErrorCode; readonly message: string } };

/** Of a request: room for as many ids as a selection may name. */
export const MAX_REQUEST_BYTES = 1024 * 1024;

/** The request in a line, or what is wrong with it. */
export function readControlRequest(line: string): ControlRequest | string {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return 'the request is not JSON';
  }
  const { kind, selection, dryRun } = (json ?? {}) as Record<string, unknown>;
  const known = SETTLING_KINDS.find((one) => one === kind);
  if (known === undefined) return `the request: expected kind ${SETTLING_KINDS.join(' or ')}`;
  const read = readSelection(selection);
  if (typeof read === 'string') return read;
  return { kind: known, selection: read, dryRun: dryRun === true };
}
