import { SluiceError } from '../lib/errors.js';
import type { FieldChange, FieldChangeResult } from '../sink/field-change.js';
import type { ConsumeWorker } from './gateway-workers.js';

/** Changes a field of the store on the consumer's thread. Rejects where no consumer runs, or with its refusal. */
export async function changeStoredField(
  consumer: Pick<ConsumeWorker, 'ask'> | undefined,
  change: FieldChange,
): Promise<FieldChangeResult> {
  if (consumer === undefined) {
    throw new SluiceError(
      'CONTROL_FAILED',
      'no consumer runs in this gateway (--role ingest), and the store is open there: run this at a consumer',
    );
  }
  return (await consumer.ask({ kind: 'change-field', change })) as FieldChangeResult;
}
