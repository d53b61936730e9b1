import type { KinesisConfig } from '../../config/sluice-config.js';
import { SluiceError } from '../../errors.js';
import { connectKinesis } from '../../threads/connect-kinesis.js';
import { checkFit, describeUsable } from '../../threads/kinesis-check.js';
import { type CheckResult, fail, ok, warn } from './check-result.js';

const NAME = 'stream';

/** There, fit for the configuration, and permitted to be written and read; nothing is put into it. */
export async function checkKinesisStream(kinesis: KinesisConfig): Promise<CheckResult> {
  const { name, producer } = kinesis;
  const api = await connectKinesis(kinesis);
  try {
    const stream = await describeUsable(api, name);
    const unwise = checkFit({ name, ...producer }, stream);
    await api.probe('write');
    await api.probe('read');
    const found =
      `Kinesis ${name} is ${stream.status}: ${stream.openShards} open shards (${stream.mode}), retention ` +
      `${stream.retentionHours} h, writing and reading ${kinesis.endpoint === undefined ? 'permitted' : 'not refused (a stand-in is not asked)'}`;
    return unwise.length === 0 ? ok(NAME, found) : warn(NAME, found, unwise.join('; '));
  } catch (thrown) {
    if (!(thrown instanceof SluiceError)) throw thrown;
    return fail(NAME, `Kinesis ${name}: ${thrown.message}`, adviceFor(thrown));
  } finally {
    api.close();
  }
}

function adviceFor({ code, retryable }: SluiceError): string {
  if (code === 'KINESIS_DENIED') {
    return 'give the credentials the rights to describe, write (--role ingest) and read (--role consume) this stream';
  }
  if (code === 'KINESIS_STREAM_MISSING')
    return '`sluice stream create`, or mend stream.kinesis.name or region';
  if (!retryable) return 'mend stream.kinesis as the text says';
  return 'look at network, stream.kinesis.endpoint and region, and at AWS; until then acknowledged packets wait in the log';
}
