import type { KinesisConfig } from '../config/sluice-config.js';
import type { AwsKinesis } from '../stream/kinesis/aws/aws-kinesis.js';
import type { AwsFanOut } from '../stream/kinesis/aws/fan-out.js';

/** Loaded only when it is used: the SDK costs start-up time and memory that direct mode must not pay. */
export async function connectKinesis(kinesis: KinesisConfig): Promise<AwsKinesis> {
  const { AwsKinesis: Client } = await import('../stream/kinesis/aws/aws-kinesis.js');
  return new Client(clientOptions(kinesis));
}

export async function connectFanOut(kinesis: KinesisConfig): Promise<AwsFanOut> {
  const { AwsFanOut: Client } = await import('../stream/kinesis/aws/fan-out.js');
  return new Client(clientOptions(kinesis));
}

function clientOptions({ name, region, endpoint }: KinesisConfig) {
  return {
    streamName: name,
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
  };
}
