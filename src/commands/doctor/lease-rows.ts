import type { KinesisConfig } from '../../config/sluice-config.js';
import { SluiceError } from '../../errors.js';
import { leaseTable } from '../../threads/kinesis-leased-place.js';
import { type CheckResult, fail, ok } from './check-result.js';

const NAME = 'leases';

/** Whether the table of `checkpoints: dynamodb` can be read; a missing one is made by the first consumer. */
export async function checkLeaseTable(
  kinesis: KinesisConfig,
  leases: NonNullable<KinesisConfig['reader']['leases']>,
): Promise<CheckResult> {
  const table = leaseTable(kinesis, leases);
  try {
    const { leases: rows, workers } = await table.scan();
    const held = [...rows.values()].filter(({ owner }) => owner !== undefined).length;
    return ok(
      NAME,
      `DynamoDB table ${leases.table}: ${rows.size} leases, ${held} of them held, ${workers.length} workers known`,
    );
  } catch (thrown) {
    if (!(thrown instanceof SluiceError)) throw thrown;
    if (thrown.cause instanceof Error && thrown.cause.name === 'ResourceNotFoundException') {
      return ok(NAME, `DynamoDB table ${leases.table} is not there yet: the first consumer makes it`);
    }
    const advice = thrown.retryable
      ? 'look at network and stream.kinesis.leases.endpoint, and at AWS'
      : 'mend stream.kinesis.leases, or the rights of the credentials on this table';
    return fail(NAME, thrown.message, advice);
  } finally {
    table.close();
  }
}
