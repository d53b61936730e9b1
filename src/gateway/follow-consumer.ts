import type { Following } from '../control/serve-following.js';
import { SluiceError } from '../lib/errors.js';
import type { FollowedRecords } from '../rules/followed-record.js';
import type { ConsumeWorker } from './gateway-workers.js';

/** Follows the records of a topic filter on the consumer's thread. Rejects where no consumer runs, or with its refusal. */
export async function followConsumer(
  consumer: Pick<ConsumeWorker, 'ask'> | undefined,
  filter: string,
  withPayloads: boolean,
): Promise<Following> {
  if (consumer === undefined) {
    throw new SluiceError(
      'CONTROL_FAILED',
      'no consumer runs in this gateway (--role ingest), and the rules are applied there: follow at a consumer',
    );
  }
  const id = (await consumer.ask({ kind: 'follow', filter, withPayloads })) as number;
  return {
    next: async () => (await consumer.ask({ kind: 'follow-next', id })) as FollowedRecords,
    // A consumer that has ended follows nothing anyway.
    end: () => void consumer.ask({ kind: 'follow-end', id }).catch(() => undefined),
  };
}
