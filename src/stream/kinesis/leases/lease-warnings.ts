import { errorText, SluiceError } from '../../../lib/errors.js';
import { LimitedWarning } from '../../../lib/limited-warning.js';
import type { WarningCode } from '../../../lib/warnings.js';

export type LeaseWarningCode = Extract<
  WarningCode,
  'LEASE_TABLE_FAILING' | 'SHARDS_NOT_LISTED' | 'LEASE_LOST' | 'LEASE_RELEASED_UNSAVED' | 'COORDINATOR_FAULT'
>;

/** LeaseWarnings logs what goes wrong while workers share the shards. */
export class LeaseWarnings extends LimitedWarning<LeaseWarningCode> {
  /** Logs the failure of a call that is tried again. */
  failed(thrown: unknown): void {
    if (!(thrown instanceof SluiceError)) {
      this.log(
        'COORDINATOR_FAULT',
        { reason: errorText(thrown), thrown },
        'an unexpected error while sharing the shards; the worker continues',
      );
    } else if (thrown.code.startsWith('KINESIS_')) {
      this.log(
        'SHARDS_NOT_LISTED',
        { error: thrown.code, reason: thrown.message },
        'the shards of the stream cannot be listed: new shards wait, known shards are still read; trying again',
      );
    } else {
      this.log(
        'LEASE_TABLE_FAILING',
        { error: thrown.code, reason: thrown.message },
        'the lease table cannot be used: shards are given up unless it comes back within the fail-over time; trying again',
      );
    }
  }
}
