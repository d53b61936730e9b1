import { errorText, SluiceError } from '../../../errors.js';
import { LimitedWarning } from '../../../limited-warning.js';
import type { WarningCode } from '../../../warnings.js';

export type LeaseWarningCode = Extract<
  WarningCode,
  'LEASE_TABLE_FAILING' | 'SHARDS_NOT_LISTED' | 'LEASE_LOST' | 'LEASE_RELEASED_UNSAVED' | 'COORDINATOR_FAULT'
>;

/** What sharing the shards warns of. */
export class LeaseWarnings extends LimitedWarning<LeaseWarningCode> {
  /** A call that is tried again by itself. */
  failed(thrown: unknown): void {
    if (!(thrown instanceof SluiceError)) {
      this.say(
        'COORDINATOR_FAULT',
        { reason: errorText(thrown), thrown },
        'a fault in sharing the shards; going on',
      );
    } else if (thrown.code.startsWith('KINESIS_')) {
      this.say(
        'SHARDS_NOT_LISTED',
        { error: thrown.code, reason: thrown.message },
        'the shards of the stream cannot be listed: new shards wait, those being read go on; trying again',
      );
    } else {
      this.say(
        'LEASE_TABLE_FAILING',
        { error: thrown.code, reason: thrown.message },
        'the lease table cannot be used: shards are given up unless it comes back within the fail-over time; trying again',
      );
    }
  }
}
